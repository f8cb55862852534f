import math

import torch
import torch.nn as nn


def new_gelu(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.gelu = new_gelu
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        hidden = self.fc1(att_out)
        hidden = self.gelu(hidden)
        hidden = self.fc2(hidden)
        hidden = self.dropout(hidden)
        return self.ln(att_out + hidden)
