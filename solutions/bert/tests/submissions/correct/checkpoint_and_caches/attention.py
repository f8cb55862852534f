"""Attention; queries in slices, to save memory."""

import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(
        self,
        emb_size: int,
        n_heads: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
        *,
        slice_size: int = 3,
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.slice_size = slice_size
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.register_buffer("scale", torch.rsqrt(torch.tensor(float(self.head_size), dtype=torch.float64)), persistent=False)

    def _heads(self, x: Tensor) -> Tensor:
        return torch.stack(x.split(self.head_size, dim=-1), dim=1)  # (B, H, T, D)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        queries = self._heads(self.query(emb)) * self.scale.to(emb.dtype)
        keys, values = self._heads(self.key(emb)), self._heads(self.value(emb))
        results = []
        for some in queries.split(self.slice_size, dim=2):
            scores = some @ keys.swapaxes(-1, -2)  # (B, H, S, T)
            if att_mask is not None:
                scores = scores.masked_fill(att_mask.unsqueeze(1).unsqueeze(1) == 0, -torch.inf)
            results.append(self.dropout(scores.softmax(dim=-1)) @ values)
        heads = torch.cat(results, dim=2)
        merged = torch.cat(heads.unbind(dim=1), dim=-1)
        return self.ln(emb + self.dropout(self.final_linear(merged)))
