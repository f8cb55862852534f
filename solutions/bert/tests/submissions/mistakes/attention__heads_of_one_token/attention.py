import math
import torch
import torch.nn as nn
import torch.nn.functional as F

class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.emb_size = emb_size
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q = self.query(emb).view(B, T, self.n_heads, self.head_size)
        k = self.key(emb).view(B, T, self.n_heads, self.head_size)
        v = self.value(emb).view(B, T, self.n_heads, self.head_size)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(self.head_size)
        if att_mask is not None:
            mask = att_mask.unsqueeze(1).unsqueeze(2)
            scores = scores.masked_fill(mask == 0, float('-inf'))
        attn = F.softmax(scores, dim=-1)
        attn = self.dropout(attn)
        out = torch.matmul(attn, v)
        out = out.contiguous().view(B, T, C)
        out = self.final_linear(out)
        out = self.dropout(out)
        return self.ln(out + emb)
