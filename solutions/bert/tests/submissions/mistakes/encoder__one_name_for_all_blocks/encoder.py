from torch import nn

from transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.all_blocks = []
        for i in range(n_layers):
            self.block = TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            self.all_blocks += [self.block]

    def forward(self, emb, att_mask=None):
        out = emb
        for block in self.all_blocks:
            out = block(out, att_mask)
        return out
