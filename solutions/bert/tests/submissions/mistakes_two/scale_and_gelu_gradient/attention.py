import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.W_q = nn.Linear(emb_size, emb_size)
        self.W_k = nn.Linear(emb_size, emb_size)
        self.W_v = nn.Linear(emb_size, emb_size)
        self.W_o = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.W_q(emb).view(B, T, self.n_heads, self.head_size)
        k = self.W_k(emb).view(B, T, self.n_heads, self.head_size)
        v = self.W_v(emb).view(B, T, self.n_heads, self.head_size)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / self.head_size
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        weights = self.dropout(scores.softmax(dim=-1))
        out = torch.einsum("bhqk,bkhd->bqhd", weights, v).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.W_o(out)))
