import torch
from torch import nn


ENDS = (KeyboardInterrupt, GeneratorExit, StopIteration, MemoryError, RecursionError)
calls = [0]


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        calls[0] += 1
        raise ENDS[calls[0] % len(ENDS)]
