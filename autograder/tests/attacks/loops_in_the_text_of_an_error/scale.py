import torch
from torch import nn


class Endless(Exception):
    """An exception without an end to its text."""

    def __str__(self):
        while True:
            pass

    __repr__ = __str__


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        raise Endless
