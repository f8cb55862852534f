import torch
from torch import Tensor, nn


class Scale(nn.Module):

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias


nn.ReLU.forward = lambda self, x: x
