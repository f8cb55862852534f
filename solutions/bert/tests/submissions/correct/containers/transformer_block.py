from torch import nn

from assignments.bert.attention import MultiHeadAttention
from assignments.bert.feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.ModuleDict):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__(
            dict(
                attn=MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps),
                ff=PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps),
            )
        )

    def forward(self, emb, att_mask=None):
        return self["ff"](self["attn"](emb, att_mask))
