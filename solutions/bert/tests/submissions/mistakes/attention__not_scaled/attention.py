import torch
from torch import nn, einsum


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        heads = lambda x: x.view(B, T, self.n_heads, self.head_size)
        q, k, v = heads(self.query(emb)), heads(self.key(emb)), heads(self.value(emb))
        s = einsum("bqhd,bkhd->bhqk", q, k)
        if att_mask is not None:
            s = torch.where(att_mask.to(torch.bool)[:, None, None], s, torch.tensor(float("-inf"), dtype=s.dtype))
        w = self.dropout(s.softmax(dim=3))
        o = einsum("bhqk,bkhd->bqhd", w, v).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(o)))
