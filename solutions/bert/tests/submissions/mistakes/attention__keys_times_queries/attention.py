import torch
import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        Q = self.query(emb).reshape(B, T, self.n_heads, self.head_size)
        K = self.key(emb).reshape(B, T, self.n_heads, self.head_size)
        V = self.value(emb).reshape(B, T, self.n_heads, self.head_size)
        S = torch.einsum("bihd,bjhd->bhij", K, Q) * self.head_size ** -0.5
        if att_mask is not None:
            S = S.masked_fill(~att_mask.bool()[:, None, None, :], torch.finfo(S.dtype).min)
        A = self.dropout(F.softmax(S, dim=-1))
        O = torch.einsum("bhij,bjhd->bihd", A, V).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(O)))
