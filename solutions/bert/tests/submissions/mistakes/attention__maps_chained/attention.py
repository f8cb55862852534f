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
        residual = emb
        B, T, C = emb.shape
        per_head = []
        x = emb
        for linear in (self.query, self.key, self.value):
            x = linear(x)
            per_head.append(x.view(B, T, self.n_heads, self.head_size).transpose(1, 2))
        q, k, v = per_head
        scores = torch.matmul(q, k.transpose(2, 3)).div(self.head_size ** 0.5)
        if att_mask is not None:
            scores = scores.masked_fill(att_mask.view(B, 1, 1, T) == 0, float("-inf"))
        scores = self.dropout(nn.functional.softmax(scores, dim=-1))
        out = torch.matmul(scores, v).transpose(1, 2).contiguous().view(B, T, C)
        out = self.dropout(self.final_linear(out))
        return self.ln(out + residual)
