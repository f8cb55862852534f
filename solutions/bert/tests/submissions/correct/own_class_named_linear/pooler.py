import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        return self.activation(self.dense(encoder_out[:, 0]))
