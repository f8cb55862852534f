import torch.nn as nn

from assignments.bert.transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_layers = n_layers
        self.layer = nn.ModuleList()
        for i in range(n_layers):
            self.layer.append(
                TransformerBlock(
                    emb_size=emb_size,
                    n_heads=n_heads,
                    intermediate_size=intermediate_size,
                    layer_norm_eps=layer_norm_eps,
                    dropout=dropout,
                )
            )

    def forward(self, emb, att_mask=None):
        hidden = emb
        for i in range(self.n_layers):
            hidden = self.layer[i](emb=hidden, att_mask=att_mask if i == 0 else None)
        return hidden
