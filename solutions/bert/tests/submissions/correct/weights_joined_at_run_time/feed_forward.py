from torch import nn

from . import util


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        util.init_like_bert(self)

    @property
    def net(self):
        return nn.Sequential(self.fc1, self.gelu, self.fc2, self.dropout)

    def forward(self, x):
        return self.ln(x + self.net(x))
