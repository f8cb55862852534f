import torch.nn as nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        cls = encoder_out[0]
        x = self.dense(cls)
        x = self.activation(x)
        return x
