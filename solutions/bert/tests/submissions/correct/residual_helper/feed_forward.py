from torch import nn

from .residual import AddAndNorm


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU(approximate="none")
        self.add_norm = AddAndNorm(emb_size, dropout, layer_norm_eps)

    def forward(self, att_out):
        return self.add_norm(att_out, lambda x: self.fc2(self.gelu(self.fc1(x))))
