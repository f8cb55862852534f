import torch
from torch import nn
class Normed(nn.Module):
    def __init__(self, size, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.ln = nn.LayerNorm(size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
    def finish(self, x):
        return self.dropout(self.ln(x))
class EmbeddingLayer(Normed):
    def __init__(self, vocab_size, emb_size, max_seq_length, *args, **kwargs):
        super().__init__(emb_size, *args, **kwargs)
        self.word_embeddings = nn.Embedding(vocab_size, emb_size, padding_idx=0)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.register_buffer("position_ids", torch.arange(max_seq_length)[None], persistent=False)
    def forward(self, input_ids):
        return self.finish(self.word_embeddings(input_ids) + self.position_embeddings(self.position_ids[:, :input_ids.shape[1]]))
