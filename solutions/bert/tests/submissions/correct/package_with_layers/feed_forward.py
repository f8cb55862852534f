from torch import nn

from .layers.norm import AddNorm


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.add_norm = AddNorm(emb_size, dropout, layer_norm_eps)

    def forward(self, att_out):
        return self.add_norm(att_out, self.fc2(self.gelu(self.fc1(att_out))))
