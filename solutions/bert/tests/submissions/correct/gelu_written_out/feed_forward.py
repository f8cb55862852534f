import math

import torch
import torch.nn as nn


def gelu(x):
    """0.5 x (1 + erf(x / sqrt(2)))"""
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(PositionWiseFeedForward, self).__init__()
        self.LayerNorm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.w_2 = nn.Linear(intermediate_size, emb_size)
        self.w_1 = nn.Linear(emb_size, intermediate_size)

    def forward(self, att_out):
        residual = att_out
        x = self.w_1(att_out)
        x = gelu(x)
        x = self.w_2(x)
        x = self.dropout(x)
        x = x + residual
        return self.LayerNorm(x)
