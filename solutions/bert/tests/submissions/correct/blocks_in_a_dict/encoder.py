from torch import nn

from assignments.bert.transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.transformer_layers = nn.ModuleDict()
        for i in range(n_layers):
            self.transformer_layers[f"block_{i:02d}"] = TransformerBlock(
                emb_size, n_heads, intermediate_size, dropout, layer_norm_eps
            )

    def forward(self, emb, att_mask=None):
        out = emb
        for name, block in self.transformer_layers.items():
            out = block(out, att_mask)
        return out
