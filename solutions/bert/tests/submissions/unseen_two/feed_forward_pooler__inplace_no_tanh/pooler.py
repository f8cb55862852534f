import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Identity()

    def forward(self, encoder_out):
        x = encoder_out[:, 0]
        return self.activation(self.dense(x))
