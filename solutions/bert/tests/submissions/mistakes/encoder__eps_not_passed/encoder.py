import torch.nn as nn

import transformer_block


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_layers = n_layers
        self.layers = nn.ModuleList([])
        for i in range(self.n_layers):
            self.layers.append(transformer_block.TransformerBlock(emb_size, n_heads, intermediate_size, dropout))

    def forward(self, emb, att_mask=None):
        x = emb
        for i in range(self.n_layers):
            x = self.layers[i](x, att_mask)
        return x
