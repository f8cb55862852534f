import torch.nn as nn
import torch.nn.functional as F


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super(PositionWiseFeedForward, self).__init__()
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.gelu = F.gelu
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, att_out):
        shortcut = att_out
        x = self.ln(att_out)
        x = self.fc2(self.gelu(self.fc1(x)))
        return shortcut + self.dropout(x)
