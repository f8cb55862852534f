import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    """word + position -> ln -> dropout"""

    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length)[None, :])

    def get_positions(self, input_ids):
        not_pad = (input_ids != 0).long()
        counted = torch.cumsum(not_pad, dim=1) - 1
        return counted.clamp(min=0) * not_pad

    def forward(self, input_ids):
        embeddings = self.word_embeddings(input_ids)
        embeddings = embeddings + self.position_embeddings(self.get_positions(input_ids))
        return self.dropout(self.ln(embeddings))
