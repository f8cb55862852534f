from torch import nn

from .transformer_block import TransformerBlock


class MaskedSequential(nn.Sequential):
    def forward(self, x, mask):
        for layer in self:
            x = layer(x, mask)
        return x


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        blocks = [
            TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            for _ in range(n_layers)
        ]
        self.layers = MaskedSequential(*blocks)

    def forward(self, emb, att_mask=None):
        return self.layers(emb, att_mask)
