"""A stack of blocks."""

from torch import Tensor, nn

from .base import BertLayer
from .config import BertConfig
from .transformer_block import TransformerBlock


class EncoderBlock(BertLayer):
    def __init__(
        self,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__(
            BertConfig(
                emb_size=emb_size,
                n_heads=n_heads,
                n_layers=n_layers,
                intermediate_size=intermediate_size,
                dropout=dropout,
                layer_norm_eps=layer_norm_eps,
            )
        )
        self.transformer_layers = nn.ModuleList(
            [TransformerBlock.from_config(self.config) for _ in range(self.config.n_layers)]
        )

    def __len__(self) -> int:
        return len(self.transformer_layers)

    def __getitem__(self, number: int) -> TransformerBlock:
        return self.transformer_layers[number]

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        hidden_states = emb
        for number in range(len(self)):
            hidden_states = self[number](hidden_states, att_mask)
        return hidden_states
