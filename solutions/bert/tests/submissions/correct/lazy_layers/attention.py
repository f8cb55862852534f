import torch
from torch import nn
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.LazyLinear(emb_size)
        self.key = nn.LazyLinear(emb_size)
        self.value = nn.LazyLinear(emb_size)
        self.final_linear = nn.LazyLinear(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)
    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = [m(emb).view(B, T, self.n_heads, -1).movedim(1, 2) for m in (self.query, self.key, self.value)]
        s = q.matmul(k.mT).div(self.head_size ** 0.5)
        if att_mask is not None:
            s.masked_fill_(att_mask.logical_not()[:, None, None, :], -torch.inf)
        c = self.dropout(s.softmax(-1)).matmul(v).movedim(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(c)))
