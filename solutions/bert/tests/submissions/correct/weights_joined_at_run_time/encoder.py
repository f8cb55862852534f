import itertools

from torch import nn

from . import transformer_block


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        make = lambda: transformer_block.TransformerBlock(  # noqa: E731
            emb_size, n_heads, intermediate_size, dropout, layer_norm_eps
        )
        self.transformer_layers = nn.ModuleList(make() for _ in itertools.repeat(None, n_layers))

    def forward(self, x, mask=None):
        for layer in self.transformer_layers:
            x = layer(x, mask)
        return x
