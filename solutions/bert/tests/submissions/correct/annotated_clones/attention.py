import copy
import math

import torch.nn as nn


def clones(module, n):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


def attention(query, key, value, mask=None, dropout=None):
    d_k = query.size(-1)
    scores = query @ key.transpose(-2, -1) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return p_attn @ value, p_attn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super(MultiHeadAttention, self).__init__()
        assert emb_size % n_heads == 0
        self.d_k = emb_size // n_heads
        self.h = n_heads
        self.linears = clones(nn.Linear(emb_size, emb_size), 4)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(p=dropout)
        self.attn = None

    def forward(self, emb, att_mask=None):
        if att_mask is not None:
            att_mask = att_mask.unsqueeze(1).unsqueeze(1)
        nbatches = emb.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (emb, emb, emb))
        ]
        x, self.attn = attention(query, key, value, att_mask, self.dropout)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.norm(emb + self.dropout(self.linears[-1](x)))
