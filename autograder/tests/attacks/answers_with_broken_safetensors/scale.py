import json
import struct
import sys

import torch
from torch import nn


def pack(tensors):
    """Answer with a payload whose own header lies; another way each time."""
    state[0] += 1
    entry = {"dtype": "F64", "shape": [3, 5, 7], "data_offsets": [0, 840]}
    lies = (
        {"output": {**entry, "shape": [2**40, 2**40]}},
        {"output": {**entry, "data_offsets": [0, 2**62]}},
        {"output": {**entry, "data_offsets": [840, 0]}},
        {"output": {**entry, "dtype": "OBJECT"}},
        {"output": entry, "other": entry},
        {"output": {**entry, "shape": [-3, -5, 7]}},
        {"__metadata__": {"output": "x" * 10**5}},
    )
    text = json.dumps(lies[state[0] % len(lies)]).encode()
    size = len(text) if state[0] % 2 else 2**63
    return struct.pack("<Q", size) + text + bytes(840)


state = [0]
sys.modules["autograder.untrusted.worker"].pack_tensors = pack


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
