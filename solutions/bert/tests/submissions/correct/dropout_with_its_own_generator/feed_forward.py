import torch
from torch import nn


class OwnDropout(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate, self.generator = rate, torch.Generator()

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(x.shape, generator=self.generator) >= self.rate
        return x * kept.to(x) / (1 - self.rate)


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = OwnDropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        return self.ln(att_out + self.dropout(self.fc2(self.gelu(self.fc1(att_out)))))
