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
    ):
        super().__init__()
        self.max_seq_length = max_seq_length
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length).unsqueeze(0))

    def _positions(self, length: int) -> Tensor:
        # positions are the same for every tweet, they are constants
        with torch.no_grad():
            return self.position_embeddings(self.position_ids[:, :length])

    def forward(self, input_ids: Tensor) -> Tensor:
        _, T = input_ids.size()
        return self.dropout(self.ln(self.word_embeddings(input_ids) + self._positions(T)))
