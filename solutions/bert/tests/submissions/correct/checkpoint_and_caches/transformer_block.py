"""One block."""

from torch import Tensor, nn

from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.Module):
    def __init__(
        self,
        emb_size: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout=dropout, layer_norm_eps=layer_norm_eps)
        self.ff = PositionWiseFeedForward(
            emb_size, intermediate_size, dropout=dropout, layer_norm_eps=layer_norm_eps
        )

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        return self.ff(self.attn(emb, att_mask))
