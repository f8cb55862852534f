import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.h = n_heads
        self.head_size = emb_size // n_heads
        self.q_proj = nn.Linear(emb_size, emb_size)
        self.k_proj = nn.Linear(emb_size, emb_size)
        self.v_proj = nn.Linear(emb_size, emb_size)
        self.out_proj = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.q_proj(emb).view(B, T, self.h, -1).transpose(1, 2)
        k = self.k_proj(emb).view(B, T, self.h, -1).transpose(1, 2)
        v = self.v_proj(emb).view(B, T, self.h, -1).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(-2, -1))
        scores /= self.head_size ** 0.5
        if att_mask is not None:
            scores.masked_fill_(att_mask[:, None, None, :].logical_not(), float("-inf"))
        weights = self.dropout(scores.softmax(dim=-1))
        out = self.out_proj(torch.matmul(weights, v).transpose(1, 2).reshape(B, T, C))
        out = self.dropout(out).clone()
        out += emb
        return self.ln(out)
