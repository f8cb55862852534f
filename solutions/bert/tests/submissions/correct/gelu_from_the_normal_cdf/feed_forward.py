from collections import OrderedDict

import torch
from torch import nn


class GELU(nn.Module):
    def forward(self, x):
        return x * torch.special.ndtr(x)


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.mlp = nn.Sequential(
            OrderedDict(
                [
                    ("fc1", nn.Linear(emb_size, intermediate_size)),
                    ("gelu", GELU()),
                    ("fc2", nn.Linear(intermediate_size, emb_size)),
                    ("dropout", nn.Dropout(dropout)),
                ]
            )
        )
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        return self.layer_norm(self.mlp(att_out) + att_out)
