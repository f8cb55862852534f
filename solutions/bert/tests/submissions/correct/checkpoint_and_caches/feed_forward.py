"""Feed-forward."""

from torch import Tensor, nn


class PositionWiseFeedForward(nn.Module):
    def __init__(
        self,
        emb_size: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out: Tensor) -> Tensor:
        h = att_out
        for step in (self.fc1, self.gelu, self.fc2, self.dropout):
            h = step(h)
        return self.ln(att_out + h)
