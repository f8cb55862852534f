import torch
from torch import nn

from .layers import AddNorm, hide_padding
from .utils import BlockConfig


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.config = BlockConfig(emb_size, n_heads, 0, dropout, layer_norm_eps)
        self.head_size = self.config.head_size
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.add_norm = AddNorm(emb_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        H, D = self.config.n_heads, self.head_size
        q = self.query(emb).view(B, T, H, D).permute(0, 2, 1, 3)
        k = self.key(emb).view(B, T, H, D).permute(0, 2, 3, 1)
        v = self.value(emb).view(B, T, H, D).permute(0, 2, 1, 3)
        scores = hide_padding(q @ k / D ** 0.5, att_mask)
        mixed = self.dropout(torch.softmax(scores, dim=-1)) @ v
        return self.add_norm(emb, self.final_linear(mixed.permute(0, 2, 1, 3).reshape(B, T, C)))
