import torch
import torch.nn as nn
from .attention import MultiHeadAttention
from .feed_forward import PositionWiseFeedForward

class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        if att_mask is not None:
            att_mask = att_mask[:, None, None, :]
        x = self.attn(emb, att_mask)
        x = self.ff(x)
        return x
