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
        b, t, c = emb.shape
        q = self.query(emb).reshape(b, t, self.n_heads, self.head_size)
        k = self.key(emb).reshape(b, t, self.n_heads, self.head_size)
        v = self.value(emb).reshape(b, t, self.n_heads, self.head_size)
        energy = torch.einsum("bqhd,bkhd->bhqk", q, k) / c**0.5
        if att_mask is not None:
            energy = energy.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        weights = self.dropout(torch.softmax(energy, dim=-1))
        ctx = torch.einsum("bhqk,bkhd->bqhd", weights, v).reshape(b, t, c)
        return self.ln(emb + self.dropout(self.final_linear(ctx)))
