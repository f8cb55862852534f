import torch
import torch.nn as nn

from assignments.bert.embedding import EmbeddingLayer
from assignments.bert.encoder import EncoderBlock
from assignments.bert.hyperparameters import MAX_SEQ_LEN
from assignments.bert.pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super(SimplifiedBertClassifier, self).__init__()
        self.embeddings = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.bert = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout=dropout)
        self.pool = Pooler(emb_size)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(emb_size, n_classes))

    def forward(self, input_ids, attention_mask=None):
        with torch.no_grad():
            features = self.bert(self.embeddings(input_ids), attention_mask)
        return self.head(self.pool(features))
