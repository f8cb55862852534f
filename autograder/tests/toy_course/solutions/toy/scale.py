"""Reference of exercise 1: scale."""

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Multiply by a weight, add a bias: y = x * weight + bias, all of shape (..., width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to (B, T, width)."""
        return x * self.weight + self.bias
