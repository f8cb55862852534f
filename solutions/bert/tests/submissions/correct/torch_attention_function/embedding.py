import torch
import torch.nn.functional as F
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        # a table is a parameter; nobody needs a lookup to take its first T rows
        self.position_embeddings = nn.Parameter(torch.empty(max_seq_length, emb_size))
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length).unsqueeze(0))
        nn.init.normal_(self.position_embeddings, std=0.02)

    def forward(self, input_ids):
        T = input_ids.shape[1]
        table = self.word_embeddings.weight
        words = F.one_hot(input_ids.long(), num_classes=len(table)).to(table.dtype) @ table
        return self.dropout(self.ln(words + self.position_embeddings[self.position_ids[:, :T]]))
