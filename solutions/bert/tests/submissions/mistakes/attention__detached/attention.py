import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.head_size = emb_size // n_heads
        self.n_heads = n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def one_head(self, q, k, v, bias):
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(self.head_size) + bias
        return torch.bmm(self.dropout(F.softmax(scores, dim=-1).detach()), v)

    def forward(self, emb, att_mask=None):
        if att_mask is None:
            att_mask = torch.ones(emb.shape[:2], device=emb.device)
        bias = (1.0 - att_mask.to(emb.dtype)).unsqueeze(1) * -1e9
        qs = self.query(emb).chunk(self.n_heads, dim=-1)
        ks = self.key(emb).chunk(self.n_heads, dim=-1)
        vs = self.value(emb).chunk(self.n_heads, dim=-1)
        out = torch.cat([self.one_head(q, k, v, bias) for q, k, v in zip(qs, ks, vs)], dim=-1)
        out = self.dropout(self.final_linear(out))
        return self.ln(out + emb)
