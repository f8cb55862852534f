import sys

import torch
from safetensors.torch import save
from torch import nn


DTYPES = (
    torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
    torch.float8_e5m2, torch.complex64, torch.uint16, torch.uint64, torch.float64,
)
SHAPES = ((3, 5, 7), (), (0,), (3, 5, 7, 0), (1, 1, 1), (7, 5, 3), (3, 5, 7, 1, 1, 1, 1, 1))


def pack(tensors):
    """Answer with tensors of the right names and of the wrong kinds; others each time."""
    state[0] += 1
    dtype = DTYPES[state[0] % len(DTYPES)]
    shape = SHAPES[state[0] // len(DTYPES) % len(SHAPES)]
    names = [*tensors, "", "grad.param.", "grad.param.nowhere"]
    names += [f"grad.input.{index}" for index in ("x", -1, 99, "²", "9" * 5000)]
    return save({name: torch.zeros(shape).to(dtype) for name in names})


state = [0]
sys.modules["autograder.untrusted.worker"].pack_tensors = pack


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x * self.weight + 1
