import numpy as np
import torch
import torch.nn as nn

class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        assert emb_size % n_heads == 0
        self.nheads = n_heads
        self.head_size = int(emb_size / n_heads)
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        bs, sl, es = emb.size()
        def prep(t):
            t = t.view(bs, sl, self.nheads, self.head_size)
            t = t.permute(0, 2, 1, 3).contiguous()
            return t.view(bs * self.nheads, sl, self.head_size)
        q = prep(self.query(emb))
        k = prep(self.key(emb))
        v = prep(self.value(emb))
        s = torch.bmm(q, k.permute(0, 2, 1)) / np.sqrt(self.head_size)
        if att_mask is not None:
            m = att_mask.repeat_interleave(self.nheads, dim=0)
            m = m.unsqueeze(1)
            s = s.masked_fill(m == 0, -np.inf)
        a = self.dropout(nn.Softmax()(s))
        o = torch.bmm(a, v)
        o = o.view(bs, self.nheads, sl, self.head_size).permute(0, 2, 1, 3).contiguous().view(bs, sl, es)
        o = self.dropout(self.final_linear(o))
        o = o + emb
        return self.ln(o)
