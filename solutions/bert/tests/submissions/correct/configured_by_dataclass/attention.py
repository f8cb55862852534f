"""Attention."""

import math
from typing import Optional, Tuple

import torch
from torch import Tensor, nn

from .base import BertLayer
from .config import BertConfig


class MultiHeadAttention(BertLayer):
    def __init__(
        self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12
    ) -> None:
        super().__init__(
            BertConfig(emb_size=emb_size, n_heads=n_heads, dropout=dropout, layer_norm_eps=layer_norm_eps)
        )
        cfg = self.config
        self.query = nn.Linear(cfg.emb_size, cfg.emb_size)
        self.key = nn.Linear(cfg.emb_size, cfg.emb_size)
        self.value = nn.Linear(cfg.emb_size, cfg.emb_size)
        self.dropout = nn.Dropout(cfg.dropout)
        self.final_linear = nn.Linear(cfg.emb_size, cfg.emb_size)
        self.ln = nn.LayerNorm(cfg.emb_size, eps=cfg.layer_norm_eps)
        self.apply(self._init_weights)

    @property
    def head_size(self) -> int:
        return self.config.head_size

    @property
    def n_heads(self) -> int:
        return self.config.n_heads

    def transpose_for_scores(self, x: Tensor) -> Tensor:
        new_shape: Tuple[int, ...] = x.size()[:-1] + (self.n_heads, self.head_size)
        return x.view(*new_shape).permute(0, 2, 1, 3)

    @staticmethod
    def extend_mask(att_mask: Tensor, dtype: torch.dtype) -> Tensor:
        """0 for real keys, the most negative number for padded ones; to be added to the scores."""
        visible = att_mask[:, None, None, :].ne(0).to(dtype)
        return (1.0 - visible) * torch.finfo(dtype).min

    def attention_weights(self, emb: Tensor, att_mask: Optional[Tensor] = None) -> Tensor:
        q = self.transpose_for_scores(self.query(emb))
        k = self.transpose_for_scores(self.key(emb))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.head_size)
        if att_mask is not None:
            scores = scores + self.extend_mask(att_mask, scores.dtype)
        return torch.softmax(scores, dim=-1)

    def forward(self, emb: Tensor, att_mask: Optional[Tensor] = None) -> Tensor:
        probs = self.dropout(self.attention_weights(emb, att_mask))
        context = torch.matmul(probs, self.transpose_for_scores(self.value(emb)))
        context = context.permute(0, 2, 1, 3).contiguous()
        context = context.view(*context.size()[:-2], self.config.emb_size)
        return self.ln(self.dropout(self.final_linear(context)) + emb)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, H={self.n_heads}, D={self.head_size}"
