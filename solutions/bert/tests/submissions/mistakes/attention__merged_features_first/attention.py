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
        batch, length, width = emb.shape
        qkv = [
            layer(emb).unflatten(-1, (self.n_heads, self.head_size)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        ]
        query, key, value = qkv
        energy = torch.einsum("bhqd,bhkd->bhqk", query, key) * self.head_size ** -0.5
        if att_mask is not None:
            energy = energy.masked_fill(att_mask[:, None, None] == 0, float("-inf"))
        attention = self.dropout(torch.softmax(energy, dim=3))
        mixed = torch.einsum("bhqk,bhkd->bqdh", attention, value)
        mixed = mixed.reshape(batch, length, width)
        return self.ln(emb + self.dropout(self.final_linear(mixed)))
