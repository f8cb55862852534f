import math
import torch
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
        H, D = self.n_heads, self.head_size
        q = self.query(emb).reshape(B, T, H, D).permute(0, 2, 1, 3)
        k = self.key(emb).reshape(B, T, H, D).permute(0, 2, 3, 1)
        v = self.value(emb).reshape(B, T, H, D).permute(0, 2, 1, 3)
        att = torch.matmul(q, k) / math.sqrt(D)
        if att_mask is not None:
            att = att.masked_fill(att_mask.view(B, 1, 1, T) == 0, -torch.inf)
        att = self.dropout(torch.softmax(att, -1))
        out = torch.matmul(att, v).permute(0, 2, 1, 3).reshape(B, T, C)
        return self.ln(self.dropout(emb + self.final_linear(out)))
