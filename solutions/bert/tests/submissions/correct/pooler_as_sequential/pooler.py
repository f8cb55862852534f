from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.pool = nn.Sequential(nn.Linear(emb_size, emb_size), nn.Tanh())

    def forward(self, encoder_out):
        first, *_ = encoder_out.unbind(dim=1)
        return self.pool(first)
