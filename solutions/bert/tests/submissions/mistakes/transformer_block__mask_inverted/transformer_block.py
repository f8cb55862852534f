import torch.nn as nn

import attention
import feed_forward


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = attention.MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = feed_forward.PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        padding_mask = None if att_mask is None else att_mask == 0
        return self.ff(self.attn(emb, padding_mask))
