from math import sqrt

import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads

        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)

        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def _to_heads(self, t: Tensor) -> Tensor:
        return t.unflatten(-1, (self.n_heads, self.head_size)).movedim(2, 1)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        q = self._to_heads(self.query(emb))
        k = self._to_heads(self.key(emb))
        v = self._to_heads(self.value(emb))

        logits = q @ k.mT / sqrt(self.head_size)
        if att_mask is not None:
            hidden = att_mask[:, None, None, :] == 0
            logits = logits.masked_fill(hidden, -torch.inf)
        attn = self.dropout(logits.softmax(-1))

        context = attn @ v
        context = context.reshape(emb.shape)
        return self.ln(emb + self.dropout(self.final_linear(context)))
