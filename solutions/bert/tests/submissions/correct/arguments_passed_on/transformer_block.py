from torch import nn
from attention import MultiHeadAttention
from feed_forward import PositionWiseFeedForward
class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, *args, **common):
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, *args, **common)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, *args, **common)
    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb, att_mask))
