import torch
from torch import nn


def fail():
    """Raise from a line that stands in a file of another name."""
    raise ValueError("moved")


fail.__code__ = fail.__code__.replace(
    co_filename="\x1b[31m<script>.py", co_name="\x1b[31m\n  ✓", co_qualname="\x1b[31m"
)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        fail()
