# 分类器
from assignments.bert import hyperparameters as hp
from assignments.bert.embedding import EmbeddingLayer
from assignments.bert.encoder import EncoderBlock
from assignments.bert.pooler import Pooler
from torch import nn


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super(SimplifiedBertClassifier, self).__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, hp.MAX_SEQ_LEN, hp.LAYER_NORM_EPS, dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, hp.LAYER_NORM_EPS)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        输出 = self.encoder(self.embedding(input_ids), attention_mask)
        return self.classifier(self.dropout(self.pooler(输出)))
