"""Exercise 2: a stack of scales."""

from torch import Tensor, nn

from .scale import Scale  # noqa: F401


class Stack(nn.Module):
    """Depth scales, one after the other."""

    def __init__(self, width: int, depth: int = 2) -> None:
        super().__init__()
        # Step 1: `layers`, a ModuleList of `depth` scales of `width`.
        raise NotImplementedError("stack.py: Stack.__init__ is not written yet")

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to (B, T, width)."""
        # Step 2: feed each scale what the one before gave.
        raise NotImplementedError("stack.py: Stack.forward is not written yet")
