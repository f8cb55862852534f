import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.h = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        Q = self.query(emb).view(B, T, self.h, self.head_size).transpose(1, 2)
        K = self.key(emb).view(B, T, self.h, self.head_size).transpose(1, 2)
        V = self.value(emb).view(B, T, self.h, self.head_size).transpose(1, 2)

        scores = Q @ K.transpose(-2, -1) / math.sqrt(self.head_size)
        if att_mask is not None:
            m = att_mask.unsqueeze(1).unsqueeze(-1)
            scores = scores.masked_fill(m == 0, -1e9)
        probs = self.dropout(scores.softmax(dim=-1))
        y = (probs @ V).transpose(1, 2).contiguous().view(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(y)))
