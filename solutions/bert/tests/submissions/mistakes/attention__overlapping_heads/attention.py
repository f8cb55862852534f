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
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        q, k, v = self.query(emb), self.key(emb), self.value(emb)
        outputs = []
        for h in range(self.n_heads):
            start = h
            cols = slice(start, start + self.head_size)
            qh, kh, vh = q[:, :, cols], k[:, :, cols], v[:, :, cols]
            score = qh @ kh.transpose(1, 2) / self.head_size ** 0.5
            if att_mask is not None:
                score = score.masked_fill(att_mask[:, None, :] == 0, float("-inf"))
            weight = self.dropout(torch.softmax(score, dim=-1))
            outputs.append(weight @ vh)
        joined = torch.cat(outputs, dim=-1)
        return self.ln(emb + self.dropout(self.final_linear(joined)))
