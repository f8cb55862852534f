import torch
from linear import Linear
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = Linear(emb_size, emb_size)
        self.activation = torch.tanh

    def forward(self, encoder_out):
        cls = encoder_out[:, 0, :]
        return self.activation(self.dense(cls))
