import torch
from torch import nn

from transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        make = lambda: TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.blocks = nn.ModuleList([make() for _ in range(n_layers)])

    def forward(self, emb, att_mask=None):
        outs = []
        for block in self.blocks:
            emb = block(emb, att_mask)
            outs.append(emb)
        return torch.stack(outs).mean(dim=0)
