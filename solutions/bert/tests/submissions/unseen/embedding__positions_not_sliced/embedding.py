"""Embedding layer."""

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
    ) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(num_embeddings=vocab_size, embedding_dim=emb_size)
        self.position_embeddings = nn.Embedding(
            num_embeddings=max_seq_length, embedding_dim=emb_size
        )
        self.ln = nn.LayerNorm(normalized_shape=emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(p=dropout)
        self.register_buffer("position_ids", torch.arange(0, max_seq_length).reshape(1, -1))

    def forward(self, input_ids: Tensor) -> Tensor:
        word_vecs = self.word_embeddings(input_ids)
        pos_vecs = self.position_embeddings(self.position_ids)
        summed = word_vecs + pos_vecs
        normed = self.ln(summed)
        return self.dropout(normed)
