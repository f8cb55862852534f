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
        if att_mask is not None:
            att_mask = (1.0 - att_mask.float()) * -10000.0
        for layer in self.transformer_layers:
            emb = layer(emb, att_mask)
        return emb
