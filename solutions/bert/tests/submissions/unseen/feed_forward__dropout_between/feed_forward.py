from torch import Tensor, nn


class PositionWiseFeedForward(nn.Module):
    "Implements FFN equation."

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
        return self.ln(att_out + self.fc2(self.dropout(self.gelu(self.fc1(att_out)))))
