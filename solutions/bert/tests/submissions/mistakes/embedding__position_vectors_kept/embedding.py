import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.max_seq_length = max_seq_length
        self.words = nn.Embedding(vocab_size, emb_size)
        self.positions = nn.Embedding(max_seq_length, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.drop = nn.Dropout(dropout)
        self.cached = None

    def forward(self, input_ids):
        if self.training:
            places = self.positions.weight
        else:
            # no need to look them up again when nothing is trained
            if self.cached is None:
                self.cached = self.positions.weight.clone()
            places = self.cached
        return self.drop(self.norm(self.words(input_ids) + places[: input_ids.size(1)]))
