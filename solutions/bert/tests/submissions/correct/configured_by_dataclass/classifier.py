"""The model."""

from torch import Tensor, nn

from .base import BertLayer
from .config import BertConfig
from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .pooler import Pooler


class SimplifiedBertClassifier(BertLayer):
    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        n_classes: int = 2,
    ) -> None:
        super().__init__(
            BertConfig(
                vocab_size=vocab_size,
                emb_size=emb_size,
                n_layers=n_layers,
                n_heads=n_heads,
                intermediate_size=intermediate_size,
                dropout=dropout,
                n_classes=n_classes,
            )
        )
        c = self.config
        self.embedding = EmbeddingLayer(
            c.vocab_size, c.emb_size, c.max_seq_length, c.layer_norm_eps, c.dropout
        )
        self.encoder = EncoderBlock(
            c.emb_size, c.n_layers, c.n_heads, c.intermediate_size, c.dropout, c.layer_norm_eps
        )
        self.pooler = Pooler(c.emb_size)
        self.dropout = nn.Dropout(c.dropout)
        self.classifier = nn.Linear(c.emb_size, c.n_classes)
        self.apply(self._init_weights)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        pooled = self.pooler(self.encoder(self.embedding(input_ids), attention_mask))
        return self.classifier(self.dropout(pooled))

    def predict(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Probabilities, for use after training."""
        return self(input_ids, attention_mask).softmax(-1)
