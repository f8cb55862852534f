import torch.nn.functional as F
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.vocab_size = vocab_size
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids):
        T = input_ids.size(1)
        table = self.word_embeddings.weight
        words = F.one_hot(input_ids.long(), self.vocab_size).to(table.dtype) @ table
        x = words + self.position_embeddings.weight[:T].unsqueeze(0)
        x = F.layer_norm(x, x.shape[-1:], self.ln.weight, self.ln.bias, self.ln.eps)
        return self.dropout(x)
