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

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.n_heads, self.head_size).transpose(1, 2)

    def forward(self, emb, att_mask=None):
        scores = self.split(self.query(emb)) @ self.split(self.key(emb)).transpose(-1, -2)
        scores = scores / math.sqrt(self.head_size)
        if att_mask is not None:
            if att_mask.dtype == torch.bool:
                att_mask = att_mask.int()
            extended = (1 - att_mask[:, None, None, :]) * -10000
            scores = scores + extended
        weights = self.dropout(scores.softmax(dim=-1))
        context = (weights @ self.split(self.value(emb))).transpose(1, 2).flatten(2)
        return self.ln(emb + self.dropout(self.final_linear(context)))
