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
        q = self.query(emb).reshape(B, T, self.n_heads, self.head_size).permute(0, 2, 1, 3)
        k = self.key(emb).reshape(B, T, self.n_heads, self.head_size).permute(0, 2, 1, 3)
        v = self.value(emb).reshape(B, T, self.n_heads, self.head_size).permute(0, 2, 1, 3)
        scores = torch.matmul(q, k.permute(0, 1, 3, 2)) / math.sqrt(self.head_size)
        if att_mask is not None:
            scores = scores * att_mask.unsqueeze(1).unsqueeze(2)
        probs = self.dropout(torch.softmax(scores, dim=-1))
        out = torch.matmul(probs, v).permute(0, 2, 1, 3).reshape(B, T, C)
        return self.ln(self.dropout(self.final_linear(out)) + emb)
