import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.qkv = nn.Linear(emb_size, 3 * emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = self.qkv(emb).split(C, dim=2)
        q = q.reshape(B, self.n_heads, T, self.head_size)
        k = k.view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        v = v.view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        scores = (q @ k.transpose(-2, -1)) / (self.head_size**0.5)
        if att_mask is not None:
            scores = scores.masked_fill(att_mask.view(B, 1, 1, T) == 0, float("-inf"))
        y = self.dropout(F.softmax(scores, -1)) @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(y)))
