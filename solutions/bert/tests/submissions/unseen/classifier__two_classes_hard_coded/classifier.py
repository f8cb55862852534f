import torch.nn as nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import MAX_SEQ_LEN
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    """positive / negative tweets"""

    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.embedding = EmbeddingLayer(
            vocab_size=vocab_size, emb_size=emb_size, max_seq_length=MAX_SEQ_LEN, dropout=dropout
        )
        self.encoder = EncoderBlock(
            emb_size=emb_size,
            n_layers=n_layers,
            n_heads=n_heads,
            intermediate_size=intermediate_size,
            dropout=dropout,
        )
        self.pooler = Pooler(emb_size=emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, 2)

    def forward(self, input_ids, attention_mask=None):
        out = self.encoder(self.embedding(input_ids), attention_mask)
        return self.classifier(self.dropout(self.pooler(out)))
