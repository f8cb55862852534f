import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = int(emb_size / n_heads)
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        H, D = self.n_heads, self.head_size
        queries = self.query(emb).view(B, T, H, D).permute(0, 2, 1, 3)
        keys = self.key(emb).view(B, T, H, D).permute(0, 2, 3, 1)
        values = self.value(emb).view(B, T, H, D).permute(0, 2, 1, 3)
        att = self.softmax(queries @ keys / D ** 0.5)
        if att_mask is not None:
            att = att * att_mask[:, None, None, :].to(att.dtype)
        att = self.dropout(att)
        mixed = (att @ values).permute(0, 2, 1, 3).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(mixed)))
