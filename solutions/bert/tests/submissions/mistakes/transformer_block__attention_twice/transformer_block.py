import torch.nn as nn

from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(TransformerBlock, self).__init__()
        self.self_attention = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.mlp = PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        x = self.self_attention(emb, att_mask)
        x = self.self_attention(x, att_mask)
        return self.mlp(x)
