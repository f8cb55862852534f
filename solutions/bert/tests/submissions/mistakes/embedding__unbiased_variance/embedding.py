import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, features, eps):
        super().__init__()
        self.a_2 = nn.Parameter(torch.ones(features))
        self.b_2 = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        var, mean = torch.var_mean(x, dim=-1, correction=1, keepdim=True)
        return self.a_2 * (x - mean) * (var + self.eps).rsqrt() + self.b_2


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Parameter(torch.randn(1, max_seq_length, emb_size))
        self.ln = LayerNorm(emb_size, layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids):
        T = input_ids.shape[-1]
        return self.dropout(self.ln(self.word_embeddings(input_ids) + self.position_embeddings[:, :T]))
