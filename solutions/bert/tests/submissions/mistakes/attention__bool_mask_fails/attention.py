import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.q_proj = nn.Linear(emb_size, emb_size)
        self.k_proj = nn.Linear(emb_size, emb_size)
        self.v_proj = nn.Linear(emb_size, emb_size)
        self.out_proj = nn.Linear(emb_size, emb_size)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def transpose_for_scores(self, x):
        return x.view(*x.shape[:-1], self.n_heads, self.head_size).permute(0, 2, 1, 3)

    def forward(self, emb, att_mask=None):
        q = self.transpose_for_scores(self.q_proj(emb))
        k = self.transpose_for_scores(self.k_proj(emb))
        v = self.transpose_for_scores(self.v_proj(emb))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.head_size)
        if att_mask is not None:
            scores = scores + (1 - att_mask[:, None, None, :]) * -10000.0
        probs = self.attn_dropout(nn.Softmax(dim=-1)(scores))
        ctx = torch.matmul(probs, v).permute(0, 2, 1, 3).contiguous()
        ctx = ctx.view(*ctx.shape[:-2], -1)
        return self.norm(self.resid_dropout(self.out_proj(ctx)) + emb)
