from torch import nn

from assignments.bert.embedding import EmbeddingLayer
from assignments.bert.encoder import EncoderBlock
from assignments.bert.hyperparameters import MAX_SEQ_LEN
from assignments.bert.pooler import Pooler


class SimplifiedBertClassifier(nn.ModuleDict):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__(
            {
                "embedding": EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout),
                "encoder": EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout),
                "pooler": Pooler(emb_size),
                "dropout": nn.Dropout(dropout),
                "classifier": nn.Linear(emb_size, n_classes),
            }
        )

    def forward(self, input_ids, attention_mask=None):
        out = input_ids
        for name, part in self.items():
            out = part(out, attention_mask) if name == "encoder" else part(out)
        return out
