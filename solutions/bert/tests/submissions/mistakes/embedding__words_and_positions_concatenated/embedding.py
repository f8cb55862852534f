import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        half = emb_size // 2
        self.words = nn.Embedding(vocab_size, emb_size - half)
        self.places = nn.Embedding(max_seq_length, half)
        self.post = nn.Sequential(nn.LayerNorm(emb_size, eps=layer_norm_eps), nn.Dropout(dropout))

    def forward(self, input_ids):
        positions = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
        return self.post(torch.cat([self.words(input_ids), self.places(positions)], dim=-1))
