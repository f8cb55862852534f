import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        assert emb_size % n_heads == 0
        self.h, self.head_size = n_heads, emb_size // n_heads
        self.query, self.key, self.value = (nn.Linear(emb_size, emb_size) for _ in range(3))
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        b, t, c = emb.size()
        q, k, v = (f(emb).view(b, t, self.h, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        keep = None if att_mask is None else att_mask.bool().view(b, 1, 1, t)
        p = self.dropout.p
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=keep, dropout_p=p)
        y = y.transpose(1, 2).contiguous().view(b, t, c)
        return self.ln(self.dropout(self.final_linear(y)) + emb)
