import attention  # noqa: F401
import feed_forward  # noqa: F401
from registry import build
from torch import nn


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = build("attention", emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = build("ffn", emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb, att_mask))
