import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.scale = torch.sqrt(torch.tensor(float(self.head_size)))

    def heads(self, x):
        return x.unflatten(-1, (self.n_heads, self.head_size)).transpose(1, 2)

    def forward(self, emb, att_mask=None):
        q, k, v = self.heads(self.query(emb)), self.heads(self.key(emb)), self.heads(self.value(emb))
        scores = q @ k.transpose(-2, -1) / self.scale
        if att_mask is not None:
            hidden = 1 - att_mask.long()
            scores = scores + hidden[:, None, None, :] * torch.finfo(scores.dtype).min
        mixed = (self.dropout(scores.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        return self.ln(self.dropout(self.final_linear(mixed)) + emb)
