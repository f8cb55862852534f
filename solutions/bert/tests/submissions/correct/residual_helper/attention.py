import torch
from torch import nn

from .residual import AddAndNorm


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.att_dropout = nn.Dropout(dropout)
        self.add_norm = AddAndNorm(emb_size, dropout, layer_norm_eps)

    def split(self, x):
        return x.view(*x.shape[:2], self.n_heads, self.head_size).transpose(1, 2)

    def attend(self, x, att_mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = (q * self.head_size ** -0.5) @ k.transpose(-2, -1)
        if att_mask is not None:
            scores = scores.masked_fill((att_mask == 0)[:, None, None, :], torch.finfo(scores.dtype).min)
        out = self.att_dropout(scores.softmax(-1)) @ v
        return self.final_linear(out.transpose(1, 2).reshape(x.shape))

    def forward(self, emb, att_mask=None):
        return self.add_norm(emb, lambda x: self.attend(x, att_mask))
