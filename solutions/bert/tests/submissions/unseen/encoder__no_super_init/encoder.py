import torch
from torch import nn
from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        self.n_layers = n_layers
        self.transformer_layers = nn.ModuleList([
            TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            for _ in range(n_layers)
        ])

    def forward(self, emb, att_mask=None):
        for i in range(self.n_layers):
            emb = self.transformer_layers[i](emb, att_mask)
        return emb
