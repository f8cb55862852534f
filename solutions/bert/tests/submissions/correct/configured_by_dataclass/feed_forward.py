"""Feed-forward."""

from torch import Tensor, nn

from .base import BertLayer
from .config import BertConfig


class PositionWiseFeedForward(BertLayer):
    def __init__(
        self,
        emb_size: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__(
            BertConfig(
                emb_size=emb_size,
                intermediate_size=intermediate_size,
                dropout=dropout,
                layer_norm_eps=layer_norm_eps,
            )
        )
        self.fc1 = nn.Linear(self.config.emb_size, self.config.intermediate_size)
        self.fc2 = nn.Linear(self.config.intermediate_size, self.config.emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(self.config.dropout)
        self.ln = nn.LayerNorm(self.config.emb_size, eps=self.config.layer_norm_eps)
        self.apply(self._init_weights)

    def forward(self, att_out: Tensor) -> Tensor:
        out = self.fc2(self.gelu(self.fc1(att_out)))
        return self.ln(self.dropout(out) + att_out)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, I={self.config.intermediate_size}"
