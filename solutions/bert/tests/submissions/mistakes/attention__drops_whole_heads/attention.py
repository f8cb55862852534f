import torch
from torch import nn, einsum


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.h, self.d = n_heads, emb_size // n_heads
        self.to_q = nn.Linear(emb_size, emb_size)
        self.to_k = nn.Linear(emb_size, emb_size)
        self.to_v = nn.Linear(emb_size, emb_size)
        self.to_out = nn.Linear(emb_size, emb_size)
        self.att_dropout = nn.Dropout2d(dropout)  # weights have four axes
        self.out_dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        b, t, c = emb.shape
        q, k, v = (f(emb).view(b, t, self.h, self.d) for f in (self.to_q, self.to_k, self.to_v))
        sim = einsum("bihd,bjhd->bhij", q, k) * self.d**-0.5
        if att_mask is not None:
            sim = sim.masked_fill(~att_mask.bool()[:, None, None, :], torch.finfo(sim.dtype).min)
        w = self.att_dropout(sim.softmax(dim=-1))
        out = einsum("bhij,bjhd->bihd", w, v).reshape(b, t, c)
        return self.norm(emb + self.out_dropout(self.to_out(out)))
