import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        q, k, v = self.query(emb), self.key(emb), self.value(emb)
        scores = q @ k.transpose(1, 2) / math.sqrt(self.head_size)
        if att_mask is not None:
            scores = scores.masked_fill(att_mask.unsqueeze(1) == 0, -1e9)
        out = self.dropout(torch.softmax(scores, dim=-1)) @ v
        return self.ln(emb + self.dropout(self.final_linear(out)))
