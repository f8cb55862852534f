import torch.nn.functional as F
from torch import nn

from embedding import EmbeddingLayer
from encoder import EncoderBlock
from hyperparameters import DROPOUT, MAX_SEQ_LEN
from pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.emb = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.enc = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout=dropout)
        self.pool = Pooler(emb_size)
        self.out = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        pooled = self.pool(self.enc(self.emb(input_ids), att_mask=attention_mask))
        return self.out(F.dropout(pooled, DROPOUT, self.training))
