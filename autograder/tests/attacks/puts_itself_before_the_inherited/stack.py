"""Reference of exercise 2: a stack of scales."""

from torch import Tensor, nn

from .scale import Scale


class Stack(nn.Module):
    """Depth scales, one after the other."""

    def __init__(self, width: int, depth: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Scale(width) for _ in range(depth)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to (B, T, width)."""
        for layer in self.layers:
            x = layer(x)
        return x.neg()
