import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        # (3, B, H, T, D)
        qkv = torch.stack([self.query(emb), self.key(emb), self.value(emb)])
        qkv = qkv.view(3, B, T, self.n_heads, self.head_size).transpose(2, 3)
        q, k, v = qkv.unbind(0)
        s = (q / self.head_size ** 0.5) @ k.transpose(-1, -2)
        if att_mask is not None:
            bias = (1.0 - att_mask.to(s.dtype)) * -1e-9
            s = s + bias[:, None, None, :]
        p = self.dropout(s.softmax(-1))
        o = (p @ v).transpose(1, 2).flatten(-2)
        return self.ln(emb + self.dropout(self.final_linear(o)))
