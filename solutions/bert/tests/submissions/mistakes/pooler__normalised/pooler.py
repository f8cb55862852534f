import torch.nn as nn
import torch.nn.functional as F


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super(Pooler, self).__init__()
        self.linear = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        pooled = self.linear(encoder_out.select(1, 0)).tanh()
        return F.normalize(pooled, dim=-1)
