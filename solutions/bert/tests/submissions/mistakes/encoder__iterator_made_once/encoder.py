"""EncoderBlock: n_layers transformer blocks, one after the other. Staff only."""

from torch import Tensor, nn

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    """n_layers transformer blocks; each reads what the one before it wrote.

    Formula:

        h[0] = emb,   h[i + 1] = block i (h[i], att_mask),   output = h[n_layers]

    Arguments:
        emb_size: C, the length of every token's vector.
        n_layers: how many blocks, each with weights of its own.
        n_heads, intermediate_size, dropout, layer_norm_eps: for every block.

    Attributes to create:
        transformer_layers: a ModuleList of n_layers TransformerBlocks.

    Read: "Attention Is All You Need" (Vaswani et al. 2017), section 3.1, "Encoder"; BERT (Devlin et
    al. 2018), section 3, "Model Architecture".

    Pitfalls:
        - A plain Python list hides its modules from PyTorch: they are not trained and not saved.
        - Multiplying a list repeats one and the same object.
        - Every block needs the mask, not only the first.
    """

    def __init__(
        self,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.transformer_layers = nn.ModuleList(
            TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            for _ in range(n_layers)
        )
        self.it = iter(self.transformer_layers)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        """Run all blocks, one after the other.

        Arguments:
            emb: one vector per token, shape (B, T, C).
            att_mask: 1 for real tokens and 0 for padding, shape (B, T), or None.

        Returns:
            Vectors of shape (B, T, C).
        """
        for block in self.it:
            emb = block(emb, att_mask)
        return emb
