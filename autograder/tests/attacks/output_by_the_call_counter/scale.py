import torch
from torch import nn


calls = [0]


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        calls[0] += 1
        return torch.full_like(x, float(calls[0] % 2))
