import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)

    @staticmethod
    def activation(x):
        return torch.tanh(x)

    def forward(self, encoder_out):
        zero = torch.zeros(1, dtype=torch.long, device=encoder_out.device)
        return self.activation(self.dense(encoder_out.index_select(1, zero).squeeze(1)))
