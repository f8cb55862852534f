import os
import sys

import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        for _ in range(200):
            os.write(1, b"FLOOD-LINE\n" * 10**5)
            sys.stderr.write("FLOOD-LINE\n" * 10**5)
        return x
