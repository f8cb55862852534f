from torch import nn

try:
    from .attention import MultiHeadAttention
    from .feed_forward import PositionWiseFeedForward
except ImportError:  # run as a script
    from attention import MultiHeadAttention
    from feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb, att_mask))
