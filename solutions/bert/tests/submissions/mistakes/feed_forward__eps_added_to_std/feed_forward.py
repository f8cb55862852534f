import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True, unbiased=False)
        return self.weight * (x - mean) / (std + self.eps) + self.bias


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.w_1 = nn.Linear(emb_size, intermediate_size)
        self.w_2 = nn.Linear(intermediate_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.norm = LayerNorm(emb_size, layer_norm_eps)

    def forward(self, att_out):
        return self.norm(att_out + self.dropout(self.w_2(F.gelu(self.w_1(att_out)))))
