import torch.nn as nn

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        layers = []
        for i in range(1, n_layers):
            layers.append(TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps))
        self.transformer_layers = nn.ModuleList(layers)

    def forward(self, emb, att_mask=None):
        for layer in self.transformer_layers:
            emb = layer(emb, att_mask)
        return emb
