"""What all layers have in common."""

import logging

import torch
from torch import nn

from .config import BertConfig

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())


class BertLayer(nn.Module):
    config: BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        logger.debug("building %s with %s", type(self).__name__, config.describe())

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initialisation.value
        if isinstance(module, nn.Linear):
            module.weight.normal_(mean=0.0, std=std)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Embedding):
            module.weight.normal_(0, std)
        elif isinstance(module, nn.LayerNorm):
            module.bias.zero_()
            module.weight.fill_(1.0)

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def extra_repr(self) -> str:
        return f"C={self.config.emb_size}"
