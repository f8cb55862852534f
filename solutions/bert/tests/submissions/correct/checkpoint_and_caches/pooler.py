"""Pooler."""

import torch
from torch import Tensor, nn


class Pooler(nn.Module):
    def __init__(self, emb_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = torch.tanh

    def forward(self, encoder_out: Tensor) -> Tensor:
        first, *_ = encoder_out.unbind(1)
        return self.activation(self.dense(first))
