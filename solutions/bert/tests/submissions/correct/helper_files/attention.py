from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from helpers import check
from .parts.heads import join_heads, split_heads


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        check(emb, 3)
        q, k, v = (split_heads(f(emb), self.n_heads) for f in [self.query, self.key, self.value])
        scores = q.matmul(k.transpose(-1, -2)).div(sqrt(self.head_size))
        if att_mask is not None:
            scores.masked_fill_(att_mask[:, None, None, :] == 0, -float("inf"))
        return self.ln(emb + self.dropout(self.final_linear(join_heads(self.dropout(scores.softmax(-1)) @ v))))
