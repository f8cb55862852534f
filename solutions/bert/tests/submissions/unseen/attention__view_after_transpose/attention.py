import torch
import torch.nn.functional as F
from torch import nn


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
        batch_size, seq_len, d_model = emb.shape
        q = self.query(emb).view(batch_size, seq_len, self.n_heads, self.head_size).transpose(1, 2)
        k = self.key(emb).view(batch_size, seq_len, self.n_heads, self.head_size).transpose(1, 2)
        v = self.value(emb).view(batch_size, seq_len, self.n_heads, self.head_size).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(-1, -2)) / self.head_size ** 0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None, :] == 0, float('-inf'))
        attn = self.dropout(F.softmax(scores, dim=-1))
        out = torch.matmul(attn, v)
        out = out.transpose(1, 2).view(batch_size, seq_len, d_model)
        out = self.dropout(self.final_linear(out))
        return self.ln(emb + out)
