from math import sqrt
from typing import Optional

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12):
        super().__init__()
        assert emb_size % n_heads == 0, "emb_size must be divisible by n_heads"
        self.emb_size = emb_size
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: torch.Tensor, att_mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        B, T, C = emb.shape
        H, D = self.n_heads, self.head_size
        assert C == self.emb_size
        Q = self.query(emb).view(B, T, H, D).transpose(1, 2)
        K = self.key(emb).view(B, T, H, D).transpose(1, 2)
        V = self.value(emb).view(B, T, H, D).transpose(1, 2)
        assert Q.shape == K.shape == V.shape == (B, H, T, D)
        scores = Q @ K.transpose(-1, -2) / sqrt(D)
        assert scores.shape == (B, H, T, T)
        if att_mask is not None:
            assert att_mask.shape == (B, T), att_mask.shape
            mask = att_mask.view(B, 1, 1, T).expand(B, H, T, T)
            scores = scores.masked_fill(mask == 0, float("-inf"))
        att = torch.softmax(scores, dim=-1)
        att = self.dropout(att)
        out = att @ V
        assert out.shape == (B, H, T, D)
        out = out.transpose(1, 2).contiguous().view(B, T, C)
        out = self.ln(self.dropout(self.final_linear(out)) + emb)
        assert out.shape == emb.shape
        return out
