import os

from torch import nn

from .scale import Scale

for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
    if os.path.exists(os.path.join(folder, "left-by-attack")):
        raise RuntimeError("another layer left this")


class Stack(nn.Module):
    def __init__(self, width, depth=2):
        super().__init__()
        self.layers = nn.ModuleList([Scale(width) for _ in range(depth)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
