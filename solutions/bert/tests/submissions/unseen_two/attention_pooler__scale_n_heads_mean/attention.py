import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(
        self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        q, k, v = (
            m(emb).unflatten(-1, (self.n_heads, self.head_size)).transpose(1, 2)
            for m in (self.query, self.key, self.value)
        )
        scores = torch.einsum("bhid,bhjd->bhij", q, k) / self.n_heads**0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        alpha = self.dropout(scores.softmax(-1))
        mixed = torch.einsum("bhij,bhjd->bihd", alpha, v).flatten(2)
        return self.ln(emb + self.dropout(self.final_linear(mixed)))
