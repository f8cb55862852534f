import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        assert emb_size % n_heads == 0
        self.n_heads = n_heads
        self.head_size = int(emb_size / n_heads)
        self.scale = int(math.sqrt(self.head_size))
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, _ = emb.shape
        q, k, v = (
            torch.stack(m(emb).split(self.head_size, dim=-1), dim=1)
            for m in (self.query, self.key, self.value)
        )
        s = (q @ k.transpose(-1, -2)) / self.scale
        if att_mask is not None:
            s = s.masked_fill(att_mask[:, None, None, :] == 0, -math.inf)
        a = self.dropout(s.softmax(-1))
        o = torch.cat(list((a @ v).unbind(1)), dim=-1)
        return self.ln(emb + self.dropout(self.final_linear(o)))
