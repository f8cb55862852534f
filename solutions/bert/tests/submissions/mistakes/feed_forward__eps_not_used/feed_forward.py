import torch.nn.functional as F
from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.layer_norm = nn.LayerNorm(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.linear1 = nn.Linear(emb_size, intermediate_size)
        self.linear2 = nn.Linear(intermediate_size, emb_size)

    def forward(self, att_out):
        out = self.linear2(F.gelu(self.linear1(att_out)))
        return self.layer_norm(self.dropout(out) + att_out)
