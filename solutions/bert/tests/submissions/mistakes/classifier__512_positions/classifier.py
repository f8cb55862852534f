import torch.nn as nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(
        self,
        vocab_size,
        emb_size,
        n_layers,
        n_heads,
        intermediate_size,
        dropout=0.1,
        n_classes=2,
        max_seq_length=512,
        layer_norm_eps=1e-12,
    ):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, 512, layer_norm_eps, dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        x = self.encoder(self.embedding(input_ids), attention_mask)
        return self.classifier(self.dropout(self.pooler(x)))
