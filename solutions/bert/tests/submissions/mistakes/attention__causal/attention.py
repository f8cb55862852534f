import math

import torch
import torch.nn as nn
from torch.nn import functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.n_head = n_heads

    def forward(self, emb, att_mask=None):
        B, T, C = emb.size()
        q = self.query(emb).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        k = self.key(emb).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        tril = torch.ones(T, T, device=emb.device).tril()
        att = att.masked_fill(tril == 0, float("-inf"))
        if att_mask is not None:
            att = att.masked_fill(att_mask[:, None, None, :] == 0, -1e9)
        att = self.attn_dropout(F.softmax(att, dim=-1))
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        return self.ln(emb + self.resid_dropout(self.final_linear(y)))
