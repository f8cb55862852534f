from torch import nn

from assignments.bert.transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.blocks = nn.ModuleList()
        for _ in range(n_layers):
            self.blocks.append(
                TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
            )

    def forward(self, emb, att_mask=None):
        for block in self.blocks:
            emb = emb + block(emb, att_mask)
        return emb
