import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, hidden_size, num_heads, p=0.1, eps=1e-12):
        super().__init__()
        self.num_heads, self.head_size = num_heads, hidden_size // num_heads
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.dropout = nn.Dropout(p)
        self.final_linear = nn.Linear(hidden_size, hidden_size)
        self.ln = nn.LayerNorm(hidden_size, eps=eps)

    def forward(self, x, mask=None):
        q, k, v = (
            f(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for f in (self.query, self.key, self.value)
        )
        s = q @ k.transpose(-2, -1) / self.head_size**0.5
        if mask is not None:
            s = s.masked_fill(mask[:, None, None, :] == 0, -torch.inf)
        y = (self.dropout(s.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        return self.ln(x + self.dropout(self.final_linear(y)))
