from torch import nn

from assignments.bert.transformer_block import TransformerBlock


class EncoderBlock(nn.ModuleDict):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self["transformer_layers"] = nn.ModuleList()
        while len(self["transformer_layers"]) < n_layers:
            self["transformer_layers"].append(
                TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            )

    def forward(self, emb, att_mask=None):
        blocks = iter(self["transformer_layers"])
        while (block := next(blocks, None)) is not None:
            emb = block(emb, att_mask)
        return emb
