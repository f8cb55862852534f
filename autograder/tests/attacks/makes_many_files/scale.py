import torch
from torch import nn


FILES_MAX = 20000
for number in range(FILES_MAX):
    try:
        open(f"left-by-attack-{number}", "x").close()
    except OSError:
        break


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
