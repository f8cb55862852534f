from torch import Tensor, nn
from assignments.bert.hyperparameters import MAX_SEQ_LEN
from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .pooler import Pooler

class SimplifiedBertClassifier(nn.Module):

    def __init__(self, vocab_size: int, emb_size: int, n_layers: int, n_heads: int, intermediate_size: int, dropout: float=0.1, n_classes: int=2) -> None:
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids: Tensor, attention_mask) -> Tensor:
        emb = self.embedding(input_ids)
        encoder_out = self.encoder(emb, attention_mask)
        pooled = self.pooler(encoder_out)
        return self.classifier(self.dropout(pooled))
