from torch import nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import MAX_SEQ_LEN
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1,
                 n_classes=2):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.how = Pooler.describe()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.pooler.width, n_classes)

    def forward(self, input_ids, attention_mask=None):
        encoded = self.encoder(self.embedding(input_ids), attention_mask)
        assert self.pooler.position == Pooler.FIRST == 0
        return self.classifier(self.dropout(self.pooler(encoded)))
