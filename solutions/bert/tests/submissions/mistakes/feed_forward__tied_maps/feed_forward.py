import torch
import torch.nn as nn
import torch.nn.functional as F


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(PositionWiseFeedForward, self).__init__()
        self.up = nn.Linear(emb_size, intermediate_size)
        self.down_bias = nn.Parameter(torch.zeros(emb_size))
        self.p = dropout
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        h = F.gelu(self.up(att_out))
        h = F.linear(h, self.up.weight.t(), self.down_bias)
        return self.norm(att_out + F.dropout(h, self.p, self.training))
