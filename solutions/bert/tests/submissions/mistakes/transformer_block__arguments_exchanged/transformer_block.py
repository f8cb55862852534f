"""TransformerBlock: attention, then feed-forward. Staff only."""

from torch import Tensor, nn

from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.Module):
    """Attention, then feed-forward: first tokens exchange, then each works on what it got.

    Formula:

        output = ff(attn(emb, att_mask))

    Arguments:
        emb_size: C, the length of every token's vector.
        n_heads: H, for the attention.
        intermediate_size: I, for the feed-forward layer.
        dropout, layer_norm_eps: for both.

    Attributes to create:
        attn: your MultiHeadAttention.
        ff: your PositionWiseFeedForward.

    Read: "Attention Is All You Need" (Vaswani et al. 2017), section 3.1, "Encoder", and the left
    half of figure 1.
    Differs from the paper: nothing but where the parts are written; both residuals and LayerNorms
    are inside the two classes you already have.

    Pitfalls:
        - Do not add another residual, LayerNorm or dropout here.
        - Every argument has to reach the part that needs it, the mask too.
    """

    def __init__(
        self,
        emb_size: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, layer_norm_eps, dropout)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        """Run both parts, one after the other.

        Arguments:
            emb: one vector per token, shape (B, T, C).
            att_mask: 1 for real tokens and 0 for padding, shape (B, T), or None.

        Returns:
            Vectors of shape (B, T, C).
        """
        att_out = self.attn(emb, att_mask)
        return self.ff(att_out)
