import torch.nn as nn
from attention import MultiHeadAttention as Attention
from feed_forward import *


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attention = Attention(
            n_heads=n_heads, emb_size=emb_size, dropout=dropout, layer_norm_eps=layer_norm_eps
        )
        self.mlp = PositionWiseFeedForward(
            emb_size, dropout=dropout, intermediate_size=intermediate_size, layer_norm_eps=layer_norm_eps
        )

    def forward(self, emb, att_mask=None):
        return emb + self.mlp(att_out=self.attention(att_mask=att_mask, emb=emb))
