import math
import torch
from torch import nn


def gelu(x):
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


class MyDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = (torch.rand_like(x) >= self.p).to(x.dtype)
        return x * keep


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.w_1 = nn.Conv1d(emb_size, intermediate_size, kernel_size=1)
        self.w_2 = nn.Conv1d(intermediate_size, emb_size, kernel_size=1)
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = MyDropout(dropout)

    def forward(self, att_out):
        h = gelu(self.w_1(att_out.transpose(1, 2)))
        return self.layer_norm(self.dropout(self.w_2(h).transpose(1, 2)) + att_out)
