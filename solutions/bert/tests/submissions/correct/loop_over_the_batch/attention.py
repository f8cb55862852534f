import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.q = nn.Linear(emb_size, emb_size)
        self.k = nn.Linear(emb_size, emb_size)
        self.v = nn.Linear(emb_size, emb_size)
        self.o = nn.Linear(emb_size, emb_size)
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def one_tweet(self, x, real):
        T, C = x.shape
        y = x if real is None else x[real]
        q = self.q(x).view(T, self.n_heads, -1).transpose(0, 1)
        k = self.k(y).view(len(y), self.n_heads, self.head_size).transpose(0, 1)
        v = self.v(y).view(len(y), self.n_heads, self.head_size).transpose(0, 1)
        w = torch.softmax(torch.bmm(q, k.transpose(1, 2)) / self.head_size ** 0.5, dim=2)
        return torch.bmm(self.drop(w), v).transpose(0, 1).reshape(T, C)

    def forward(self, emb, att_mask=None):
        out = []
        for i in range(emb.size(0)):
            out.append(self.one_tweet(emb[i], None if att_mask is None else att_mask[i] > 0))
        out = torch.stack(out)
        return self.norm(emb + self.drop(self.o(out)))
