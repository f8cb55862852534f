from torch import nn


class AddAndNorm(nn.Module):
    def __init__(self, size, dropout, eps):
        super().__init__()
        self.norm = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return self.norm(x + self.dropout(sublayer(x)))
