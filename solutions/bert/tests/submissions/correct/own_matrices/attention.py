import math
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size, self.eps = n_heads, emb_size // n_heads, layer_norm_eps
        bound = 1 / math.sqrt(emb_size)
        for name in ("q", "k", "v", "o"):
            setattr(self, "W_" + name, nn.Parameter(torch.empty(emb_size, emb_size).uniform_(-bound, bound)))
            setattr(self, "b_" + name, nn.Parameter(torch.zeros(emb_size)))
        self.gamma = nn.Parameter(torch.ones(emb_size))
        self.beta = nn.Parameter(torch.zeros(emb_size))
        self.dropout = nn.Dropout(dropout)

    def norm(self, x):
        mu = x.mean(-1, keepdim=True)
        var = ((x - mu) ** 2).mean(-1, keepdim=True)
        return self.gamma * (x - mu) / torch.sqrt(var + self.eps) + self.beta

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = (emb @ self.W_q + self.b_q).view(B, T, self.n_heads, -1).transpose(1, 2)
        k = (emb @ self.W_k + self.b_k).view(B, T, self.n_heads, -1).transpose(1, 2)
        v = (emb @ self.W_v + self.b_v).view(B, T, self.n_heads, -1).transpose(1, 2)
        s = q @ k.transpose(2, 3) / math.sqrt(self.head_size)
        if att_mask is not None:
            s = s.masked_fill(att_mask[:, None, None, :] < 0.5 if att_mask.is_floating_point() else ~att_mask.bool()[:, None, None, :], -1e9)
        e = torch.exp(s - s.max(-1, keepdim=True).values)
        p = self.dropout(e / e.sum(-1, keepdim=True))
        o = (p @ v).transpose(1, 2).reshape(B, T, C)
        return self.norm(emb + self.dropout(o @ self.W_o + self.b_o))
