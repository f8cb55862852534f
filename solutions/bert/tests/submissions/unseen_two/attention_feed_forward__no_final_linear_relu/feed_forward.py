import torch
from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        # FFN(x) = max(0, x W1 + b1) W2 + b2
        hidden = torch.clamp(self.fc1(att_out), min=0)
        hidden = self.dropout(self.fc2(hidden))
        return self.ln(hidden + att_out)
