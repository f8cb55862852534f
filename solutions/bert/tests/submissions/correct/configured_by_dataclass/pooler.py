"""Pooler."""

from torch import Tensor, nn

from .base import BertLayer
from .config import BertConfig


class Pooler(BertLayer):
    def __init__(self, emb_size: int) -> None:
        super().__init__(BertConfig(emb_size=emb_size))
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()
        self.apply(self._init_weights)

    def forward(self, encoder_out: Tensor) -> Tensor:
        return self.activation(self.dense(encoder_out[:, 0]))
