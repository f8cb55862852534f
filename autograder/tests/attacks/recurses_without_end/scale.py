import sys

import torch
from torch import nn


sys.setrecursionlimit(10**9)


def fall(depth):
    """Call itself through C, where Python counts no depth."""
    return max([depth], key=fall)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return fall(0)
