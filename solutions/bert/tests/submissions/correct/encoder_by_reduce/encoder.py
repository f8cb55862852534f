from functools import partial, reduce

import torch
from torch import nn

import transformer_block as tb


class EncoderBlock(nn.Module):
    def __init__(
        self,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        make_block = partial(
            tb.TransformerBlock,
            emb_size=emb_size,
            n_heads=n_heads,
            intermediate_size=intermediate_size,
            dropout=dropout,
            layer_norm_eps=layer_norm_eps,
        )
        self.transformer_layers = nn.ModuleList(make_block() for _ in range(n_layers))

    def forward(self, emb: torch.Tensor, att_mask: torch.Tensor | None = None) -> torch.Tensor:
        return reduce(lambda h, block: block(h, att_mask=att_mask), self.transformer_layers, emb)
