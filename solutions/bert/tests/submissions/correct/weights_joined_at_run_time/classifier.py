from torch import nn

from . import embedding as emb
from . import encoder as enc
from . import hyperparameters as hp
from . import pooler as pool


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.classifier = nn.Linear(emb_size, n_classes)
        self.dropout = nn.Dropout(dropout)
        self.pooler = pool.Pooler(emb_size)
        self.encoder = enc.EncoderBlock(
            emb_size, n_layers, n_heads, intermediate_size, dropout, hp.LAYER_NORM_EPS
        )
        self.embedding = emb.EmbeddingLayer(
            vocab_size, emb_size, hp.MAX_SEQ_LEN, hp.LAYER_NORM_EPS, dropout
        )

    def forward(self, tokens, mask=None):
        h = self.encoder(self.embedding(tokens), mask)
        return self.classifier(self.dropout(self.pooler(h)))
