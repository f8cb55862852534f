import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.nh = n_heads
        self.head_size = emb_size // n_heads
        self.c_attn = nn.Linear(emb_size, emb_size * 3)
        self.c_proj = nn.Linear(emb_size, emb_size)
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        x = self.c_attn(emb).unflatten(-1, (self.nh, 3, self.head_size))
        q, k, v = x.permute(3, 0, 2, 1, 4)
        att = torch.einsum("bhid,bhjd->bhij", q, k) / self.head_size**0.5
        if att_mask is not None:
            att = att.masked_fill((att_mask == 0)[:, None, None], -torch.inf)
        y = torch.einsum("bhij,bhjd->bihd", self.drop(att.softmax(-1)), v).flatten(2)
        return self.norm(emb + self.drop(self.c_proj(y)))
