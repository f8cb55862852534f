import torch.nn.functional as F
from registry import register
from torch import nn


@register("attention")
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size, self.p = n_heads, emb_size // n_heads, dropout
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = (
            part(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        mask = None if att_mask is None else (att_mask != 0)[:, None, None, :]
        p = self.p if self.training else 0.0
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        x = x.transpose(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(x)))
