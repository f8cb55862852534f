import torch
from torch import nn

from . import util


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.register_buffer("position_ids", torch.arange(max_seq_length).unsqueeze(0))
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        util.init_like_bert(self)

    def forward(self, tokens):
        positions = self.position_ids[:, : tokens.shape[1]].expand_as(tokens)
        return self.dropout(self.ln(self.word_embeddings(tokens) + self.position_embeddings(positions)))
