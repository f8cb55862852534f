import torch
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
        self.p = dropout
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = (
            f(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
            for f in (self.query, self.key, self.value)
        )
        mask = None if att_mask is None else att_mask.bool()[:, None, None, :]
        p = self.p if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        out = F.dropout(self.final_linear(out.transpose(1, 2).flatten(2)), p)
        return emb + self.ln(out)
