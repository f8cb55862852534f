from torch import nn


class AddNorm(nn.Module):
    def __init__(self, size, p, eps):
        super().__init__()
        self.ln = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(p)

    def forward(self, old, new):
        return self.ln(old + self.dropout(new))
