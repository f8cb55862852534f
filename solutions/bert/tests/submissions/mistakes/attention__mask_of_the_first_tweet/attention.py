import math
import torch
import torch.nn as nn


def split_heads(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.linears = nn.ModuleDict({n: nn.Linear(emb_size, emb_size) for n in ("q", "k", "v", "out")})
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        q = split_heads(self.linears["q"](emb), self.n_heads)
        k = split_heads(self.linears["k"](emb), self.n_heads)
        v = split_heads(self.linears["v"](emb), self.n_heads)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_size)
        if att_mask is not None:
            scores[..., att_mask[0] == 0] = -1e9
        context = self.drop(scores.softmax(-1)) @ v
        context = torch.cat(context.unbind(1), dim=-1)
        return self.norm(emb + self.drop(self.linears["out"](context)))
