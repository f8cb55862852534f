import math

import torch
from torch import nn


def softmax(x):
    x = x - x.max(dim=-1, keepdim=True)[0]
    e = torch.exp(x)
    return e / e.sum(dim=-1, keepdim=True)


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.query = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.head_size = emb_size // n_heads
        self.n_heads = n_heads

    def forward(self, emb, att_mask=None):
        b, t, c = emb.shape
        shape = (b, t, self.n_heads, self.head_size)
        q = self.query(emb).view(shape).transpose(1, 2)
        k = self.key(emb).view(shape).transpose(1, 2)
        v = self.value(emb).view(shape).transpose(1, 2)
        scores = (q @ k.mT) / math.sqrt(self.head_size)
        if att_mask is not None:
            m = att_mask.to(scores.dtype).reshape(b, 1, 1, t)
            scores = scores * m + (1 - m) * -1e9
        weights = self.dropout(softmax(scores))
        out = (weights @ v).transpose(1, 2).reshape(b, t, c)
        return self.ln(emb + self.dropout(self.final_linear(out)))
