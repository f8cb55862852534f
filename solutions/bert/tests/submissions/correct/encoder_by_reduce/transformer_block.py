import torch
from torch import nn

import attention
import feed_forward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = attention.MultiHeadAttention(
            emb_size=emb_size, n_heads=n_heads, dropout=dropout, layer_norm_eps=layer_norm_eps
        )
        self.ff = feed_forward.PositionWiseFeedForward(
            emb_size=emb_size,
            intermediate_size=intermediate_size,
            dropout=dropout,
            layer_norm_eps=layer_norm_eps,
        )

    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb=emb, att_mask=att_mask))
