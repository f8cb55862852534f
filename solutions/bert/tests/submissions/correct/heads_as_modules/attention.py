import torch
from torch import nn
from torch.nn import functional as F


class Head(nn.Module):
    def __init__(self, emb_size, head_size, dropout):
        super().__init__()
        self.query = nn.Linear(emb_size, head_size)
        self.key = nn.Linear(emb_size, head_size)
        self.value = nn.Linear(emb_size, head_size)
        self.dropout = nn.Dropout(dropout)
        self.scale = head_size ** -0.5

    def forward(self, x, mask):
        wei = self.query(x) @ self.key(x).transpose(1, 2) * self.scale
        if mask is not None:
            wei = wei.masked_fill(mask[:, None, :] == 0, float("-inf"))
        wei = self.dropout(F.softmax(wei, dim=-1))
        return wei @ self.value(x)


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.head_size = emb_size // n_heads
        self.heads = nn.ModuleList([Head(emb_size, self.head_size, dropout) for _ in range(n_heads)])
        self.proj = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        out = torch.cat([h(emb, att_mask) for h in self.heads], dim=-1)
        out = self.dropout(self.proj(out))
        return self.ln(emb + out)
