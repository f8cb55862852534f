from torch import nn

from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        common = {"dropout": dropout, "layer_norm_eps": layer_norm_eps}
        self.attn = MultiHeadAttention(emb_size, n_heads, **common)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, **common)

    def forward(self, emb, att_mask=None):
        if emb.shape[0] == 1:
            # nothing to pad
            att_mask = None
        x = self.attn(emb, att_mask)
        x = self.ff(x)
        return x
