"""Embeddings."""

import torch
from torch import Tensor, nn

from .base import BertLayer, logger
from .config import BertConfig


class EmbeddingLayer(BertLayer):
    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        max_seq_length: int,
        layer_norm_eps: float = 1e-12,
        dropout: float = 0.1,
    ) -> None:
        config = BertConfig(
            vocab_size=vocab_size,
            emb_size=emb_size,
            max_seq_length=max_seq_length,
            layer_norm_eps=layer_norm_eps,
            dropout=dropout,
        )
        super().__init__(config)
        self.word_embeddings = nn.Embedding(config.vocab_size, config.emb_size)
        self.position_embeddings = nn.Embedding(config.max_seq_length, config.emb_size)
        self.ln = nn.LayerNorm(config.emb_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("position_ids", torch.arange(config.max_seq_length).expand((1, -1)))
        self.apply(self._init_weights)

    def forward(self, input_ids: Tensor) -> Tensor:
        logger.debug("input_ids %s", tuple(input_ids.shape))
        embeddings = self.word_embeddings(input_ids)
        embeddings = embeddings + self.position_embeddings(self.position_ids[:, : input_ids.size(1)])
        return self.dropout(self.ln(embeddings))
