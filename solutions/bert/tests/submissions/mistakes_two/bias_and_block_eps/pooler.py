import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size, bias=False)

    def forward(self, encoder_out):
        return torch.tanh(self.dense(encoder_out[:, 0]))
