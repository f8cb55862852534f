import contextlib
import mmap
import os

import torch
from torch import nn


MAPS_MAX, MAP_MIB, FILES_MAX, FILE_MIB = 20, 256, 25, 16


def map_memory(held):
    """Map memory, 5 GiB at most, and touch a little of each."""
    with contextlib.suppress(OSError, ValueError, MemoryError):
        for _ in range(MAPS_MAX):
            held.append(mmap.mmap(-1, MAP_MIB * 2**20))
            held[-1][:: 2**20] = bytes(MAP_MIB)


def write_memory(block):
    """Fill files that live in memory only; return how many MiB they hold, 400 at most."""
    written = 0
    with contextlib.suppress(OSError):
        for number in range(FILES_MAX):
            file = os.memfd_create(f"left-by-attack-{number}")
            for _ in range(FILE_MIB):
                written += os.write(file, block)
    return written // 2**20


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        held, block = [], bytes(2**20)
        written = write_memory(block)
        map_memory(held)
        taken = MAP_MIB * len(held) + written
        said = f"MAPPED-MEMORY {taken} MiB" if taken > 1200 else "little"
        raise RuntimeError(said)
