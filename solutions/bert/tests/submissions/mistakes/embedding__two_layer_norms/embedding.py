import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids):
        bs, seq_len = input_ids.shape
        pos = torch.arange(seq_len, device=input_ids.device).expand(bs, seq_len)
        words = self.ln(self.word_embeddings(input_ids))
        places = self.ln(self.position_embeddings(pos))
        return self.dropout(words + places)
