import torch
from my_dropout import MyDropout
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.nh = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = MyDropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.query(emb).reshape(B, T, self.nh, C // self.nh).swapaxes(1, 2)
        k = self.key(emb).reshape(B, T, self.nh, C // self.nh).swapaxes(1, 2)
        v = self.value(emb).reshape(B, T, self.nh, C // self.nh).swapaxes(1, 2)
        s = q.matmul(k.swapaxes(2, 3)).div(self.head_size ** 0.5)
        if att_mask is not None:
            s = s.masked_fill(torch.eq(att_mask, 0).unsqueeze(1).unsqueeze(2), -1e9)
        s = self.dropout(torch.nn.functional.softmax(s, -1))
        return self.ln(emb + self.dropout(self.final_linear(s.matmul(v).swapaxes(1, 2).reshape(B, T, C))))
