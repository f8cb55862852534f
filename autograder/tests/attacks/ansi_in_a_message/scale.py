import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        raise ValueError('\x1b[2J\x1b[31m\x1b]0;title\x07\x9b31m\x00\x08\r100 of 100')
