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
        B, T, C = emb.shape
        shape = (B, T, self.n_heads, self.head_size)
        q = self.query(emb).view(shape).transpose(1, 2)
        k = self.key(emb).view(shape).transpose(1, 2)
        v = self.value(emb).view(shape).transpose(1, 2)
        if att_mask is not None:
            att_mask = att_mask.bool().view(B, 1, 1, T)
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=att_mask)
        z = z.transpose(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(z)))
