import contextlib

import torch
from torch import nn


GIB_MAX = 6


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        held = []
        for gib in range(GIB_MAX, 1, -1):
            with contextlib.suppress(MemoryError):
                held.append(bytearray(gib * 2**30))
                break
        said = f"TOOK-MEMORY {len(held)}" if held else "none"
        raise RuntimeError(said)
