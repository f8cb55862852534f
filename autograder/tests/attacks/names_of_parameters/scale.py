import torch
from torch import nn


class Scale(nn.Module):
    """Has parameters no terminal should be shown."""

    def __init__(self, width):
        super().__init__()
        for name in ("\x1b[31mweight", "<script>alert(1)</script>", "=1+1\n  bias", "\u202eb"):
            self._parameters[name] = nn.Parameter(torch.ones(width))
        self._modules["\x1b[5m"] = nn.Linear(width, width)

    def forward(self, x):
        """Give back the input."""
        return x
