import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(
        self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.head_size = 64
        all_heads = self.n_heads * self.head_size
        self.query = nn.Linear(emb_size, all_heads)
        self.key = nn.Linear(emb_size, all_heads)
        self.value = nn.Linear(emb_size, all_heads)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(all_heads, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        B, T, _ = emb.shape
        q = self.query(emb).view(B, T, self.n_heads, -1).transpose(1, 2)
        k = self.key(emb).view(B, T, self.n_heads, -1).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_heads, -1).transpose(1, 2)
        scores = q @ k.transpose(-2, -1) / self.head_size**0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        weights = self.dropout(torch.softmax(scores, dim=-1))
        merged = (weights @ v).transpose(1, 2).reshape(B, T, -1)
        return self.ln(emb + self.dropout(self.final_linear(merged)))
