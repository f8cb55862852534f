from torch import nn

from .attention import MultiHeadAttention as Attention
from .feed_forward import PositionWiseFeedForward as FeedForward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = Attention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = FeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        out = self.ff(emb)
        out = self.attn(out)
        return out
