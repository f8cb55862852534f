from torch import nn

from . import attention, feed_forward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.ff = feed_forward.PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)
        self.attn = attention.MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)

    def forward(self, x, mask=None):
        return self.ff(self.attn(x, mask))
