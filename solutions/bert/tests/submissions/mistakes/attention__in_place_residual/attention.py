import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super(MultiHeadAttention, self).__init__()
        self.n_heads = n_heads
        self.head_size = int(emb_size / n_heads)
        self.query = nn.Linear(emb_size, emb_size, bias=True)
        self.key = nn.Linear(emb_size, emb_size, bias=True)
        self.value = nn.Linear(emb_size, emb_size, bias=True)
        self.softmax = nn.Softmax(dim=2)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def split(self, x):
        B, T, C = x.shape
        return x.view(B, T, self.n_heads, self.head_size).permute(0, 2, 1, 3).reshape(-1, T, self.head_size)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = self.split(self.query(emb)), self.split(self.key(emb)), self.split(self.value(emb))
        bias = torch.zeros(B, T, dtype=emb.dtype, device=emb.device)
        if att_mask is not None:
            bias[att_mask == 0] = -1e30
        bias = bias[:, None, None, :].expand(B, self.n_heads, T, T).reshape(-1, T, T)
        scores = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=self.head_size**-0.5)
        probs = self.dropout(self.softmax(scores))
        ctx = torch.bmm(probs, v).view(B, self.n_heads, T, self.head_size)
        ctx = ctx.transpose(1, 2).contiguous().view(B, T, C)
        return self.ln(emb.add_(self.dropout(self.final_linear(ctx))))
