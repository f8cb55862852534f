import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        pooled = torch.mean(encoder_out, dim=1)
        return self.activation(self.dense(pooled))
