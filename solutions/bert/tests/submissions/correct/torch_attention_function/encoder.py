from torch import nn

try:
    from .transformer_block import TransformerBlock
except ImportError:
    from transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.transformer_layers = nn.ModuleList(
            [TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps) for _ in range(n_layers)]
        )

    def forward(self, emb, att_mask=None):
        if att_mask is not None and bool((att_mask != 0).all()):
            att_mask = None  # nothing is padded: save some work
        for layer in self.transformer_layers:
            emb = layer(emb, att_mask)
        return emb
