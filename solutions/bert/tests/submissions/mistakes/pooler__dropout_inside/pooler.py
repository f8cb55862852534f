import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.dense = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        x = encoder_out.select(dim=1, index=0)
        x = self.dropout(x)
        x = self.dense(x)
        return torch.tanh(x)
