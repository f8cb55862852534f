import torch.nn as nn

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(EncoderBlock, self).__init__()
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            [TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps) for i in range(n_layers)]
        )

    def forward(self, emb, att_mask=None):
        x = self.drop(emb)
        for layer in self.layers:
            x = layer(x, att_mask)
        return x
