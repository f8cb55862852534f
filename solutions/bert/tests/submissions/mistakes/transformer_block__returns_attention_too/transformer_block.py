import torch.nn as nn

import attention as att
import feed_forward as ffn


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attention = att.MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.feed_forward = ffn.PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        context = self.attention(emb, att_mask)
        return self.feed_forward(context), context
