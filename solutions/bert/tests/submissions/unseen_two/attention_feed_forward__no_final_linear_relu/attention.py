from math import sqrt

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
        qs = self.query(emb).chunk(self.n_heads, dim=-1)
        ks = self.key(emb).chunk(self.n_heads, dim=-1)
        vs = self.value(emb).chunk(self.n_heads, dim=-1)
        heads = []
        for q, k, v in zip(qs, ks, vs):
            score = q @ k.transpose(1, 2) / sqrt(self.head_size)
            if att_mask is not None:
                score = score.masked_fill(att_mask[:, None, :] == 0, float("-inf"))
            heads.append(self.dropout(score.softmax(dim=-1)) @ v)
        out = torch.cat(heads, dim=-1)
        out = self.dropout(out)
        return self.ln(out + emb)
