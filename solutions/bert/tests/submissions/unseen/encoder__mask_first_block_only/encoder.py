import torch.nn as nn

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.transformer_layers = nn.ModuleList()
        for i in range(n_layers):
            self.transformer_layers.append(
                TransformerBlock(
                    emb_size=emb_size,
                    n_heads=n_heads,
                    intermediate_size=intermediate_size,
                    dropout=dropout,
                    layer_norm_eps=layer_norm_eps,
                )
            )

    def forward(self, emb, att_mask=None):
        # padding is hidden at the beginning, afterwards the vectors are already clean
        x = self.transformer_layers[0](emb, att_mask)
        for layer in self.transformer_layers[1:]:
            x = layer(x)
        return x
