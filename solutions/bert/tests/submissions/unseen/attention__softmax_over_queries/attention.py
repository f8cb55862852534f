import torch
from torch import nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        bsz, seqlen, dim = emb.size()
        xq, xk, xv = self.query(emb), self.key(emb), self.value(emb)
        xq = xq.view(bsz, seqlen, self.n_heads, self.head_size).transpose(1, 2)
        xk = xk.view(bsz, seqlen, self.n_heads, self.head_size).transpose(1, 2)
        xv = xv.view(bsz, seqlen, self.n_heads, self.head_size).transpose(1, 2)
        scores = torch.matmul(xq, xk.transpose(2, 3)) / (self.head_size ** 0.5)
        if att_mask is not None:
            scores = scores.masked_fill(att_mask.view(bsz, 1, 1, seqlen) == 0, torch.finfo(scores.dtype).min)
        scores = F.softmax(scores, dim=2)
        scores = self.dropout(scores)
        output = torch.matmul(scores, xv)
        output = output.transpose(1, 2).contiguous().view(bsz, seqlen, dim)
        return self.ln(self.dropout(self.final_linear(output)) + emb)
