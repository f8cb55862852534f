import sys

import torch
from torch import nn


SHAPES = ([7], [], [-7], [0], [10**30], [7] * 70, [True], [1.0], None, "7", [[7]])


def describe(module, recorder, attributes):
    """Claim parameters that are not there, of every shape a reply can spell."""
    state[0] += 1
    names = ["weight", "bias", "", None, 3, "a" * 3000, "w.\x00", ["weight"]]
    entries = [
        {"name": name, "shape": shape, "dtype": dtype, "trainable": True, "owner": owner}
        for name in names[state[0] % 3 :]
        for shape in SHAPES[state[0] % 2 :]
        for dtype, owner in (("torch.float64", "Scale"), (None, {}))
    ]
    return {
        "parameters": entries, "buffers": entries, "modules": [["", "Scale"], [], [1], None],
        "attributes": {"weight": ["Parameter"], "bias": 7}, "unregistered": [None, 4],
        "doubles": [{"class": None, "place": [], "given": []}, 4],
    }


state = [0]
sys.modules["autograder.untrusted.bench"].describe_module = describe


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
