import torch
from torch import nn
from torch.nn import functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.num_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(p=dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: torch.Tensor, att_mask: torch.Tensor | None = None) -> torch.Tensor:
        shape = (*emb.shape[:2], self.num_heads, self.head_size)
        q, k, v = (m(emb).view(shape).transpose(1, 2) for m in (self.query, self.key, self.value))
        scores = torch.matmul(q, k.transpose(2, 3)) * self.head_size**-0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :].logical_not(), float("-inf"))
        weights = F.softmax(scores, dim=-1, dtype=torch.float32).type_as(v)
        out = torch.matmul(self.dropout(weights), v).transpose(1, 2).flatten(-2)
        return self.ln(self.dropout(self.final_linear(out)) + emb)
