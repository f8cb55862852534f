"""Embeddings; the positions are made in forward and kept for each length."""

import torch
from torch import Tensor, nn


class EmbeddingLayer(nn.Module):
    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        max_seq_length: int,
        layer_norm_eps: float = 1e-12,
        dropout: float = 0.1,
        *,
        padding_idx: int | None = None,
    ) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size, padding_idx=padding_idx)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length)[None, :], persistent=False)
        self._cache: dict[tuple[int, torch.device], Tensor] = {}
        self._init()

    def _init(self) -> None:
        for table in (self.word_embeddings, self.position_embeddings):
            nn.init.trunc_normal_(table.weight, std=0.02, a=-0.04, b=0.04)

    def _places(self, length: int, device: torch.device) -> Tensor:
        key = (length, device)
        if key not in self._cache:
            self._cache[key] = torch.arange(length, device=device).unsqueeze(0)
        return self._cache[key]

    def forward(self, input_ids: Tensor) -> Tensor:
        places = self._places(input_ids.shape[1], input_ids.device)
        return self.dropout(self.ln(self.word_embeddings(input_ids) + self.position_embeddings(places)))
