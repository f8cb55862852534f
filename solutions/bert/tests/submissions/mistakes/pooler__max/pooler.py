import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.linear = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        pooled, _ = encoder_out.max(dim=1)
        return torch.tanh(self.linear(pooled))
