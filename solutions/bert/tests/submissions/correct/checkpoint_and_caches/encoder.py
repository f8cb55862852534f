"""The stack, with gradient checkpointing while training."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .transformer_block import TransformerBlock


class EncoderBlock(nn.Module):
    def __init__(
        self,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
        gradient_checkpointing: bool = True,
    ) -> None:
        super().__init__()
        self.gradient_checkpointing = gradient_checkpointing
        self.transformer_layers = nn.ModuleList(
            [
                TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
                for _ in range(n_layers)
            ]
        )

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        saving = self.gradient_checkpointing and self.training and torch.is_grad_enabled()
        for layer in self.transformer_layers:
            if saving:
                emb = checkpoint(layer, emb, att_mask, use_reentrant=False)
            else:
                emb = layer(emb, att_mask)
        return emb
