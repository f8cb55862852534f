from torch import nn

from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward
from .utils import BlockConfig


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        cfg = BlockConfig(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.attn = MultiHeadAttention(cfg.emb_size, cfg.n_heads, cfg.dropout, cfg.layer_norm_eps)
        self.ff = PositionWiseFeedForward(cfg.emb_size, cfg.intermediate_size, cfg.dropout, cfg.layer_norm_eps)

    def forward(self, emb, att_mask=None):
        x = self.attn(emb, att_mask)
        x = self.ff(x)
        return x
