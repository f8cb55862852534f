import math

from torch import nn

from .pooler import Linear


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.query = Linear(emb_size, emb_size)
        self.key = Linear(emb_size, emb_size)
        self.value = Linear(emb_size, emb_size)
        self.final_linear = Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        def heads(x):
            return x.unflatten(-1, (self.n_heads, self.head_size)).transpose(1, 2)

        q, k, v = heads(self.query(emb)), heads(self.key(emb)), heads(self.value(emb))
        scores = q @ k.mT / math.sqrt(self.head_size)
        if att_mask is not None:
            scores = scores.masked_fill((att_mask == 0)[:, None, None], -math.inf)
        mixed = (self.dropout(scores.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        return self.ln(emb + self.dropout(self.final_linear(mixed)))
