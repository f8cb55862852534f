from torch import nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import MAX_SEQ_LEN
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(
        self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2
    ):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)
        self.start()

    def start(self):
        for table in (self.embedding.word_embeddings, self.embedding.position_embeddings):
            nn.init.trunc_normal_(table.weight, std=0.02)
        nn.init.xavier_uniform_(self.pooler.dense.weight)
        assert self.embedding.word_embeddings.embedding_dim == self.classifier.in_features
        nn.init.zeros_(self.classifier.bias)

    def forward(self, input_ids, attention_mask=None):
        emb = self.embedding(input_ids[:, : self.embedding.position_ids.shape[-1]])
        return self.classifier(self.dropout(self.pooler(self.encoder(emb, attention_mask))))
