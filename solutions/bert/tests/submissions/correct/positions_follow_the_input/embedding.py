import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.position_ids = torch.arange(max_seq_length)

    def forward(self, input_ids):
        positions = self.position_ids.to(input_ids.device)[: input_ids.shape[1]][None]
        emb = self.word_embeddings(input_ids) + self.position_embeddings(positions)
        return self.dropout(self.ln(emb))
