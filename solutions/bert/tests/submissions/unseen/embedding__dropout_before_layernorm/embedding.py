import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    """word + position embeddings"""

    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        # tables
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        # regularisation
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        # 0 .. max_seq_length-1
        self.register_buffer(
            "position_ids", torch.arange(max_seq_length, dtype=torch.long).view(1, max_seq_length)
        )

    def forward(self, input_ids):
        batch, seq_len = input_ids.shape
        pos = self.position_ids[:, :seq_len].expand(batch, seq_len)
        out = self.word_embeddings(input_ids) + self.position_embeddings(pos)
        out = self.dropout(out)
        out = self.ln(out)
        return out
