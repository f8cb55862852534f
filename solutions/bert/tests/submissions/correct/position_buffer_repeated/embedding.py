import torch
import torch.nn as nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.pos_emb = nn.Embedding(max_seq_length, emb_size)
        self.tok_emb = nn.Embedding(vocab_size, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.drop = nn.Dropout(dropout)
        self.register_buffer("positions", torch.arange(max_seq_length), persistent=False)

    def forward(self, input_ids):
        B, T = input_ids.shape
        positions = self.positions[:T].unsqueeze(0).repeat(B, 1)
        tok = self.tok_emb(input_ids)
        pos = self.pos_emb(positions)
        return self.drop(self.norm(tok + pos))
