import copy

from torch import nn

import transformer_block as tb


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        block = tb.TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
        for i in range(n_layers):
            self.add_module(f"block_{i}", copy.deepcopy(block))

    def forward(self, emb, att_mask=None):
        for block in self.children():
            emb = block(emb, att_mask)
        return emb
