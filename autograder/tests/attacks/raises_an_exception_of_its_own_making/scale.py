import torch
from torch import nn


class Sly(BaseException):
    """An exception that no one can describe."""

    __class__ = property(lambda self: 1 / 0)
    __traceback__ = property(lambda self: 1 / 0)
    args = property(lambda self: 1 / 0)
    name = property(lambda self: 1 / 0)

    def __str__(self):
        raise KeyboardInterrupt

    __repr__ = __str__


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        raise Sly
