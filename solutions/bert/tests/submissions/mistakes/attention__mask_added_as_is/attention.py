import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        q = self.query(emb).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
        k = self.key(emb).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
        v = self.value(emb).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
        mask = None
        if att_mask is not None:
            mask = att_mask[:, None, None, :].to(q.dtype)
        drop = self.dropout.p if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=drop)
        out = self.final_linear(out.transpose(1, 2).flatten(2))
        return self.ln(self.dropout(out) + emb)
