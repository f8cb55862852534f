from collections import OrderedDict

from torch import nn


class Pooler(nn.Sequential):
    def __init__(self, emb_size):
        super().__init__(OrderedDict(dense=nn.Linear(emb_size, emb_size), activation=nn.Tanh()))

    def forward(self, encoder_out):
        return super().forward(encoder_out[:, 0])
