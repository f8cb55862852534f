import torch
from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size: int, intermediate_size: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12):
        super().__init__()
        self.emb_size = emb_size
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out: torch.Tensor) -> torch.Tensor:
        assert att_out.dim() == 3 and att_out.size(-1) == self.emb_size
        out = self.fc2(self.gelu(self.fc1(att_out)))
        assert out.shape == att_out.shape
        return self.ln(self.dropout(out) + att_out)
