import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(emb_size, emb_size), nn.Tanh())

    def forward(self, encoder_out):
        return torch.tanh(self.net(encoder_out[:, 0]))
