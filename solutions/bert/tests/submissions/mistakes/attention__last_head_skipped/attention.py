import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super(MultiHeadAttention, self).__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.W_q = nn.Linear(emb_size, emb_size)
        self.W_k = nn.Linear(emb_size, emb_size)
        self.W_v = nn.Linear(emb_size, emb_size)
        self.W_o = nn.Linear(emb_size, emb_size)
        self.attn_drop = nn.Dropout(dropout)
        self.out_drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        Q, K, V = self.W_q(emb), self.W_k(emb), self.W_v(emb)
        context = torch.zeros_like(Q)
        last = self.n_heads - 1 if self.n_heads > 1 else 1
        for h in range(last):
            part = slice(h * self.head_size, (h + 1) * self.head_size)
            score = torch.bmm(Q[..., part], K[..., part].transpose(1, 2)) / self.head_size**0.5
            if att_mask is not None:
                score = score.masked_fill(att_mask.unsqueeze(1) == 0, -1e9)
            context[..., part] = self.attn_drop(F.softmax(score, dim=-1)) @ V[..., part]
        return self.norm(emb + self.out_drop(self.W_o(context)))
