import math

import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        var = ((x - mean) ** 2).mean(-1, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + self.eps) + self.beta


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.w_1 = nn.Linear(emb_size, intermediate_size)
        self.w_2 = nn.Linear(intermediate_size, emb_size)
        self.drop = nn.Dropout(dropout)
        self.norm = Norm(emb_size, layer_norm_eps)

    def forward(self, att_out):
        h = self.w_1(att_out)
        h = h * 0.5 * (1.0 + torch.erf(h / math.sqrt(2.0)))
        return self.norm(att_out + self.drop(self.w_2(h)))
