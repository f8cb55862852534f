import torch
from torch import nn


class Scale(nn.Module):
    """Has a chain of parts, each with a parameter of its own."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        part = self
        for _ in range(120):
            part.inner = nn.LayerNorm(width)
            part = part.inner

    def forward(self, x):
        """Give back the input."""
        return x
