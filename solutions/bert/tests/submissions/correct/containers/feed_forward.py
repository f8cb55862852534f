from collections import OrderedDict

from torch import nn


class PositionWiseFeedForward(nn.Sequential):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__(
            OrderedDict(
                [
                    ("fc1", nn.Linear(emb_size, intermediate_size)),
                    ("gelu", nn.GELU()),
                    ("fc2", nn.Linear(intermediate_size, emb_size)),
                    ("dropout", nn.Dropout(dropout)),
                    ("ln", nn.LayerNorm(emb_size, eps=layer_norm_eps)),
                ]
            )
        )

    def forward(self, att_out):
        *transform, norm = self
        x = att_out
        for module in transform:
            x = module(x)
        return norm(att_out + x)
