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
        self.masks = {}

    def get_mask(self, att_mask):
        if att_mask.shape not in self.masks:
            self.masks[att_mask.shape] = (att_mask == 0)[:, None, None, :]
        return self.masks[att_mask.shape]

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.query(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        k = self.key(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        scores = q @ k.transpose(-2, -1) / self.head_size ** 0.5
        if att_mask is not None:
            scores = scores.masked_fill(self.get_mask(att_mask), -1e9)
        out = (self.dropout(torch.softmax(scores, -1)) @ v).transpose(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(out)))
