import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.q_proj = nn.Linear(emb_size, emb_size)
        self.k_proj = nn.Linear(emb_size, emb_size)
        self.v_proj = nn.Linear(emb_size, emb_size)
        self.out_proj = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        shape = (B * self.n_heads, T, self.head_size)
        q = self.q_proj(emb).view(B, T, self.n_heads, -1).transpose(1, 2).reshape(shape)
        k = self.k_proj(emb).view(B, T, self.n_heads, -1).transpose(1, 2).reshape(shape)
        v = self.v_proj(emb).view(B, T, self.n_heads, -1).transpose(1, 2).reshape(shape)
        scores = q.bmm(k.transpose(1, 2)) / self.head_size ** 0.5
        if att_mask is not None:
            pad = torch.cat([att_mask == 0] * self.n_heads).unsqueeze(1)
            scores = scores.masked_fill(pad, -1e9)
        out = self.dropout(scores.softmax(-1)).bmm(v)
        out = out.view(B, self.n_heads, T, -1).transpose(1, 2).reshape(B, T, C)
        return self.ln(self.dropout(self.out_proj(out)) + emb)
