import math

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
        H, D = self.n_heads, self.head_size

        def split(x):
            return x.view(B, T, H, D).transpose(1, 2).reshape(B * H, T, D)

        q, k, v = split(self.query(emb)), split(self.key(emb)), split(self.value(emb))
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(D)
        if att_mask is not None:
            mask = att_mask.repeat(H, 1).unsqueeze(1)
            scores = scores.masked_fill(mask == 0, -1e9)
        out = torch.bmm(self.dropout(torch.softmax(scores, dim=-1)), v)
        out = out.view(B, H, T, D).transpose(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(out)))
