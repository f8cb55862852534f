import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    """Loop version: one head after the other, easier to read for me."""

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
        q_all = self.query(emb)
        k_all = self.key(emb)
        v_all = self.value(emb)
        outs = []
        for i in range(self.n_heads):
            a, e = i * self.head_size, (i + 1) * self.head_size
            q, k, v = q_all[..., a:e], k_all[..., a:e], v_all[..., a:e]
            s = torch.bmm(q, k.transpose(1, 2)) / self.head_size**0.5
            if att_mask is not None:
                s = s.masked_fill((att_mask == 0).unsqueeze(1), float("-inf"))
            w = self.dropout(torch.softmax(s, dim=-1))
            outs.append(torch.bmm(w, v))
        out = torch.cat(outs, dim=-1)
        out = self.dropout(self.final_linear(out))
        return emb + self.ln(out)
