import math
import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query, self.key, self.value = [nn.Linear(emb_size, emb_size) for _ in range(3)]
        self.dropout = nn.Dropout(p=dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        N, S, E = emb.shape
        q, k, v = (
            layer(emb).view(N, S, self.n_heads, self.head_size).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        dot = torch.einsum("nhqd,nhkd->nhqk", q, k) / math.sqrt(self.head_size)
        dot = self.dropout(dot)
        if att_mask is not None:
            dot = dot.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        soft = torch.softmax(dot, dim=-1)
        res = torch.einsum("nhqk,nhkd->nhqd", soft, v)
        res = res.transpose(1, 2).reshape(N, S, E)
        return self.ln(emb + self.dropout(self.final_linear(res)))
