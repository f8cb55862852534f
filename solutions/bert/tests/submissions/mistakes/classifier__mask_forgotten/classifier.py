import torch
import torch.nn as nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, n_layers, n_heads, intermediate_size,
                 layer_norm_eps=1e-12, dropout=0.1, n_classes=2):
        super().__init__()
        self.embeddings = EmbeddingLayer(vocab_size, emb_size, max_seq_length, layer_norm_eps, dropout)
        self.bert = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.pool = Pooler(emb_size)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(emb_size, n_classes))
        self.apply(self._init)

    @staticmethod
    def _init(module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def forward(self, input_ids, attention_mask=None):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.embeddings(input_ids)
        x = self.bert(x)
        return self.head(self.pool(x))
