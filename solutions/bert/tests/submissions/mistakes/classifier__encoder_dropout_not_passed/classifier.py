import torch.nn as nn

from assignments.bert.embedding import EmbeddingLayer
from assignments.bert.encoder import EncoderBlock
from assignments.bert.hyperparameters import MAX_SEQ_LEN
from assignments.bert.pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.emb = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.enc = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size)
        self.pool = Pooler(emb_size)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        return self.fc(self.drop(self.pool(self.enc(self.emb(input_ids), attention_mask))))
