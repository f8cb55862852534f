import torch
import torch.nn as nn


class PositionWiseFeedForward(nn.Module):
    CHUNK = 64

    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(emb_size, intermediate_size),
            nn.GELU(),
            nn.Linear(intermediate_size, emb_size),
            nn.Dropout(dropout),
        )
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        T = att_out.size(1)
        if T <= self.CHUNK:
            return self.norm(att_out + self.net(att_out))
        update = torch.zeros_like(att_out)
        for i in range(T // self.CHUNK):
            piece = slice(i * self.CHUNK, (i + 1) * self.CHUNK)
            update[:, piece] = self.net(att_out[:, piece])
        return self.norm(att_out + update)
