import torch
from torch import nn


class LayerNorm(nn.Module):
    """Written by hand, as in the Annotated Transformer."""

    def __init__(self, features, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.weight * (x - mean) / (std + self.eps) + self.bias


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
        self.ln = LayerNorm(emb_size, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        nbatches = emb.size(0)
        query, key, value = [
            lin(emb).view(nbatches, -1, self.n_heads, self.head_size).transpose(1, 2)
            for lin in (self.query, self.key, self.value)
        ]
        scores = torch.matmul(query, key.transpose(-2, -1)) / self.head_size**0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask.unsqueeze(1).unsqueeze(1) == 0, -1e9)
        p_attn = self.dropout(scores.softmax(dim=-1))
        x = torch.matmul(p_attn, value)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.n_heads * self.head_size)
        return self.ln(emb + self.dropout(self.final_linear(x)))
