import torch.nn as nn
import torch.nn.functional as F

from embedding import EmbeddingLayer
from encoder import EncoderBlock
from hyperparameters import LAYER_NORM_EPS, MAX_SEQ_LEN
from pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super(SimplifiedBertClassifier, self).__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, LAYER_NORM_EPS, dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, LAYER_NORM_EPS)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        output = self.pooler(self.encoder(self.embedding(input_ids), attention_mask))
        output = self.classifier(self.dropout(output))
        return F.log_softmax(output, dim=1)
