import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.h, self.d_k = n_heads, emb_size // n_heads
        self.w_q = nn.Linear(emb_size, emb_size)
        self.w_k = nn.Linear(emb_size, emb_size)
        self.w_v = nn.Linear(emb_size, emb_size)
        self.w_o = nn.Linear(emb_size, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, emb, att_mask=None):
        b = emb.size(0)
        q, k, v = (w(emb).view(b, -1, self.h, self.d_k).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / self.d_k ** 0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :] == 0, 1e-9)
        attn = self.dropout(F.softmax(scores, dim=-1))
        out = torch.einsum("bhqk,bhkd->bqhd", attn, v).flatten(2)
        return self.norm(emb + self.dropout(self.w_o(out)))
