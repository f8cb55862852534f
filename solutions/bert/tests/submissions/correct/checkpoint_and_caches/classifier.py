"""The model."""

from torch import Tensor, nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import LAYER_NORM_EPS, MAX_SEQ_LEN
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        n_classes: int = 2,
        max_seq_length: int = MAX_SEQ_LEN,
        layer_norm_eps: float = LAYER_NORM_EPS,
    ) -> None:
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, max_seq_length, layer_norm_eps, dropout)
        self.encoder = EncoderBlock(
            emb_size, n_layers, n_heads, intermediate_size, dropout, layer_norm_eps
        )
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        pooled = self.pooler(self.encoder(self.embedding(input_ids), attention_mask))
        logits = self.classifier(self.dropout(pooled))
        if labels is None:
            return logits
        return nn.functional.cross_entropy(logits, labels), logits
