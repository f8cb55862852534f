"""Exercise 1: scale."""

from torch import Tensor, nn


class Scale(nn.Module):
    """Multiply by a weight, add a bias: y = x * weight + bias, all of shape (..., width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Step 1: a parameter `weight` of ones and a parameter `bias` of zeros, (width,) each.
        raise NotImplementedError("scale.py: Scale.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to (B, T, width)."""
        # Step 2: apply the formula.
        raise NotImplementedError("scale.py: Scale.forward is not written yet")
