import math
import torch
from torch import Tensor, nn

class MultiHeadAttention(nn.Module):

    def __init__(self, emb_size: int, n_heads: int, dropout: float=0.1, layer_norm_eps: float=1e-12) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: Tensor, att_mask: Tensor | None=None) -> Tensor:
        queries = self._split_heads(self.query(emb))
        keys = self._split_heads(self.key(emb))
        values = self._split_heads(self.value(emb))
        queries = queries.cuda()
        scores = queries @ keys.transpose(-2, -1)
        scores = scores / math.sqrt(self.head_size)
        if att_mask is not None:
            padded_keys = att_mask[:, None, None, :] == 0
            scores = scores.masked_fill(padded_keys, -math.inf)
        weights = self.dropout(torch.softmax(scores, dim=-1))
        context = self._merge_heads(weights @ values)
        return self.ln(emb + self.dropout(self.final_linear(context)))

    def _split_heads(self, x: Tensor) -> Tensor:
        x = x.unflatten(-1, (self.n_heads, self.head_size))
        return x.transpose(1, 2)

    def _merge_heads(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        return x.flatten(start_dim=2)
