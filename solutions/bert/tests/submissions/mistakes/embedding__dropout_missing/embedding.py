import torch
import torch.nn as nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        self.tok = nn.Embedding(vocab_size, emb_size)
        self.pos = nn.Embedding(max_seq_length, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, input_ids):
        t = torch.arange(input_ids.size(1), device=input_ids.device)
        return self.norm(self.tok(input_ids) + self.pos(t))
