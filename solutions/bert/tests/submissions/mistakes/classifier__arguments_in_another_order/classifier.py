import torch
import torch.nn as nn
from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import MAX_SEQ_LEN
from .pooler import Pooler

class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_heads, n_layers, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        x = self.embedding(input_ids)
        x = self.encoder(x, attention_mask)
        x = self.pooler(x)
        x = self.dropout(x)
        return self.classifier(x)
