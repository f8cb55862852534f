import torch
from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        B, _, C = encoder_out.shape
        pooled = torch.zeros(B, C)
        for i in range(B):
            pooled[i] = self.activation(self.dense(encoder_out[i, 0]))
        return pooled
