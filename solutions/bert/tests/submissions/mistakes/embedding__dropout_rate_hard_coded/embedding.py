import torch
import torch.nn as nn
import torch.nn.functional as F


class EmbeddingLayer(nn.Module):
    """Token + learned position."""

    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, emb_size)
        self.wpe = nn.Embedding(max_seq_length, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, input_ids):
        x = self.wte(input_ids) + self.wpe.weight[: input_ids.size(1)]
        return F.dropout(self.norm(x), 0.1, training=self.training)
