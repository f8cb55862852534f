from assignments.bert.embedding import EmbeddingLayer
from assignments.bert.encoder import EncoderBlock
from assignments.bert.hyperparameters import *
from assignments.bert.pooler import Pooler
from my_dropout import MyDropout
from torch import nn


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=DROPOUT, n_classes=N_CLASSES):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, LAYER_NORM_EPS, dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, LAYER_NORM_EPS)
        self.pooler = Pooler(emb_size)
        self.dropout = MyDropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        out = self.embedding(input_ids)
        out = self.encoder(out, attention_mask)
        out = self.pooler(out)
        out = self.dropout(out)
        return self.classifier(out)
