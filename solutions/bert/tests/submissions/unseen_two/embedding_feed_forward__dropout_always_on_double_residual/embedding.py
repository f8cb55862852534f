import torch
import torch.nn as nn
import torch.nn.functional as F


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = dropout
        self.register_buffer("position_ids", torch.arange(max_seq_length).unsqueeze(0))

    def forward(self, input_ids):
        pos_ids = self.position_ids[:, : input_ids.shape[1]]
        e = self.ln(self.word_embeddings(input_ids) + self.position_embeddings(pos_ids))
        return F.dropout(e, p=self.dropout)
