import torch
import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12, *, bias=True, attn_dropout=None):
        super().__init__()
        if emb_size % n_heads:
            raise ValueError(f"{emb_size} is not a multiple of {n_heads}")
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size, bias=bias)
        self.key = nn.Linear(emb_size, emb_size, bias=bias)
        self.value = nn.Linear(emb_size, emb_size, bias=bias)
        self.attn_p = dropout if attn_dropout is None else attn_dropout
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size, bias=bias)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None, *, return_weights=False):
        q, k, v = (
            f(emb).unflatten(2, (self.n_heads, self.head_size)).transpose(1, 2)
            for f in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(2, 3) / self.head_size ** 0.5
        if att_mask is not None:
            scores = scores.masked_fill(~att_mask.bool()[:, None, None], torch.finfo(scores.dtype).min)
        weights = F.dropout(scores.softmax(dim=-1), self.attn_p, self.training)
        out = self.final_linear((weights @ v).transpose(1, 2).flatten(2))
        out = self.ln(self.dropout(out) + emb)
        return (out, weights) if return_weights else out
