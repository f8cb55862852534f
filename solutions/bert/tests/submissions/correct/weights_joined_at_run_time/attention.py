from torch import nn

from . import util


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.query = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        util.init_like_bert(self)

    def forward(self, x, mask=None):
        q, k, v = (
            part.unflatten(-1, (self.n_heads, self.head_size)).transpose(-3, -2)
            for part in util.joint_projection(x, self.query, self.key, self.value)
        )
        logits = (q / self.head_size**0.5) @ k.transpose(-2, -1)
        if mask is not None:
            logits = logits + util.padding_bias(mask, logits.dtype)
        attended = self.dropout(logits.softmax(dim=-1)) @ v
        attended = attended.transpose(-3, -2).flatten(start_dim=-2)
        return self.ln(x + self.dropout(self.final_linear(attended)))
