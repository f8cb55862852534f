import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.out = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.query(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        k = self.key(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        scores = q @ k.transpose(2, 3) / self.head_size ** 0.5
        if att_mask is not None:
            bias = att_mask.to(scores.dtype)
            bias -= 1
            bias *= 1e9
            scores = scores + bias[:, None, None, :]
        attn = self.dropout(torch.softmax(scores, dim=-1))
        ctx = (attn @ v).transpose(1, 2).contiguous().view(B, T, C)
        return self.layer_norm(self.dropout(self.out(ctx)) + emb)
