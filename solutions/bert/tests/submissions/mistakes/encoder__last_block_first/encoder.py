from torch import nn

from transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.transformer_layers = nn.ModuleList()
        for _ in range(n_layers):
            self.transformer_layers.append(
                TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            )

    def forward(self, emb, att_mask=None):
        for i in range(len(self.transformer_layers) - 1, -1, -1):
            emb = self.transformer_layers[i](emb, att_mask)
        return emb
