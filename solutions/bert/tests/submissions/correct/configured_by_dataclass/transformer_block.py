"""One block."""

from torch import Tensor

from .attention import MultiHeadAttention
from .base import BertLayer
from .config import BertConfig
from .feed_forward import PositionWiseFeedForward


class TransformerBlock(BertLayer):
    def __init__(
        self,
        emb_size: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__(
            BertConfig(
                emb_size=emb_size,
                n_heads=n_heads,
                intermediate_size=intermediate_size,
                dropout=dropout,
                layer_norm_eps=layer_norm_eps,
            )
        )
        c = self.config
        self.attn = MultiHeadAttention(c.emb_size, c.n_heads, c.dropout, c.layer_norm_eps)
        self.ff = PositionWiseFeedForward(c.emb_size, c.intermediate_size, c.dropout, c.layer_norm_eps)

    @classmethod
    def from_config(cls, config: BertConfig) -> "TransformerBlock":
        return cls(
            config.emb_size,
            config.n_heads,
            config.intermediate_size,
            config.dropout,
            config.layer_norm_eps,
        )

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        return self.ff(self.attn(emb, att_mask))
