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
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        bs, sl, _ = emb.shape
        q = self.query(emb).view(bs, sl, self.n_heads, self.head_size).transpose(1, 2)
        k = self.key(emb).view(bs, sl, self.n_heads, self.head_size).transpose(1, 2)
        v = self.value(emb).view(bs, sl, self.n_heads, self.head_size).transpose(1, 2)
        sim = torch.matmul(q, k.transpose(-1, -2)) / (self.head_size ** 0.5)
        if att_mask is not None:
            sim.masked_fill_(att_mask.bool()[:, None, None, :], -1e9)
        w = self.dropout(nn.functional.softmax(sim, dim=-1))
        z = torch.matmul(w, v).transpose(1, 2).contiguous().view(bs, sl, -1)
        return self.ln(emb + self.dropout(self.final_linear(z)))
