import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln, self.dropout = nn.LayerNorm(emb_size, dropout), nn.Dropout(layer_norm_eps)
        self.register_buffer("position_ids", torch.arange(max_seq_length)[None, :])

    def forward(self, input_ids):
        L = input_ids.shape[-1]
        h = self.word_embeddings(input_ids)
        h = h + self.position_embeddings(self.position_ids[:, :L])
        return self.dropout(self.ln(h))
