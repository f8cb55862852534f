import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self, width, depth=10**400):
        super().__init__()
        self.weight = nn.Parameter(torch.ones([1] * 70 + [width]))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x * self.weight.flatten() + self.bias
