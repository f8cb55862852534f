import torch.nn as nn

from .attention import MultiHeadAttention as Attention
from .feed_forward import PositionWiseFeedForward as FeedForward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                Attention(emb_size, n_heads, dropout, layer_norm_eps),
                FeedForward(emb_size, intermediate_size, layer_norm_eps=layer_norm_eps),
            ]
        )

    def forward(self, emb, att_mask=None):
        attn, ff = self.layers
        return ff(attn(emb, att_mask))
