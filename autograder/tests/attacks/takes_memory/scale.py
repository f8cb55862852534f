import torch
from torch import nn


MIB_MAX = 6 * 1024


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        held = []
        while len(held) < MIB_MAX // 64:
            held.append(bytearray(64 * 2**20))
        said = f"TOOK-MEMORY {len(held) * 64} MiB"
        raise RuntimeError(said)
