import torch
from torch import nn


class Scale(nn.Module):
    """Never says what its weight is."""

    def __init__(self, width):
        super().__init__()
        self.width = width

    @property
    def weight(self):
        while True:
            pass

    __repr__ = __len__ = __iter__ = lambda self: self.weight

    def forward(self, x):
        """Give back the input."""
        return x
