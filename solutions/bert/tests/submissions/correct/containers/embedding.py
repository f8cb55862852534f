from collections import OrderedDict

import torch
from torch import nn


class EmbeddingLayer(nn.Sequential):
    """The tail (LayerNorm, dropout) is a chain; the tables come before it."""

    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__(OrderedDict(ln=nn.LayerNorm(emb_size, layer_norm_eps), dropout=nn.Dropout(dropout)))
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.register_buffer("position_ids", torch.arange(max_seq_length)[None])

    def forward(self, input_ids):
        places = self.position_ids[:, : input_ids.shape[1]]
        x = self.word_embeddings(input_ids) + self.position_embeddings(places)
        return self.dropout(self.ln(x))
