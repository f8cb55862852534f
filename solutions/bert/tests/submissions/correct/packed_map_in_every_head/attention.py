import torch
from torch import nn
class Head(nn.Module):
    def __init__(self, C, D, p):
        super().__init__()
        self.qkv = nn.Linear(C, 3 * D)
        self.drop = nn.Dropout(p)
        self.D = D
    def forward(self, x, pad):
        q, k, v = self.qkv(x).split(self.D, dim=-1)
        s = q @ k.mT / self.D ** 0.5
        if pad is not None:
            s = s.masked_fill(pad[:, None, :], float("-inf"))
        return self.drop(s.softmax(-1)) @ v
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.head_size = emb_size // n_heads
        self.heads = nn.ModuleList(Head(emb_size, self.head_size, dropout) for _ in range(n_heads))
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
    def forward(self, emb, att_mask=None):
        pad = None if att_mask is None else att_mask == 0
        x = torch.cat([h(emb, pad) for h in self.heads], dim=-1)
        return self.ln(emb + self.dropout(self.final_linear(x)))
