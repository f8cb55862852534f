# 词嵌入 + 位置嵌入
import torch
from torch import nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length).reshape(1, -1))

    def forward(self, input_ids):
        # 句子长度可能小于最大长度
        位置 = self.position_ids[:, : input_ids.size(1)]
        x = self.word_embeddings(input_ids) + self.position_embeddings(位置)
        return self.dropout(self.ln(x))
