import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.tok = nn.Embedding(vocab_size, emb_size)
        self.pos = nn.Embedding(max_seq_length, emb_size)
        self.norm = nn.LayerNorm(emb_size, layer_norm_eps)
        self.drop = nn.Dropout(dropout)

    def forward(self, input_ids):
        positions = torch.arange(input_ids.size(0), device=input_ids.device)
        positions = positions.unsqueeze(1).expand_as(input_ids)
        return self.drop(self.norm(self.tok(input_ids) + self.pos(positions)))
