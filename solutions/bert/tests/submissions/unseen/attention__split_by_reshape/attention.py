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
        B, T, C = emb.shape
        shape = (B, self.n_heads, T, self.head_size)
        q = self.query(emb).reshape(shape)
        k = self.key(emb).reshape(shape)
        v = self.value(emb).reshape(shape)
        att = torch.matmul(q, k.transpose(2, 3)) * self.head_size ** -0.5
        if att_mask is not None:
            att = att.masked_fill(~att_mask.bool()[:, None, None], float("-inf"))
        att = torch.softmax(att, -1)
        att = self.dropout(att)
        out = torch.matmul(att, v).reshape(B, T, C)
        out = self.final_linear(out)
        out = self.dropout(out)
        return self.ln(out + emb)
