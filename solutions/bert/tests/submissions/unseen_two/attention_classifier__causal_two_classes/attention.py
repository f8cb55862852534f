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

    def forward(self, emb, att_mask=None):
        B, T, C = emb.size()
        k = self.key(emb).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        q = self.query(emb).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_heads, C // self.n_heads).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / k.size(-1) ** 0.5)
        tril = torch.tril(torch.ones(T, T, device=emb.device))
        att = att.masked_fill(tril == 0, float("-inf"))
        if att_mask is not None:
            att = att.masked_fill(att_mask[:, None, None, :] == 0, float("-inf"))
        att = torch.softmax(att, dim=-1)
        att = self.dropout(att)
        y = att @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        y = self.dropout(self.final_linear(y))
        return self.ln(emb + y)
