import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.nh = n_heads
        self.hs = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        bs, T, C = emb.size()
        q, k, v = self.query(emb), self.key(emb), self.value(emb)
        out = []
        for qh, kh, vh in zip(q.chunk(self.nh, -1), k.chunk(self.nh, -1), v.chunk(self.nh, -1)):
            s = torch.bmm(qh, kh.transpose(1, 2)) / self.hs ** 0.5
            if att_mask is not None:
                s = s.masked_fill((att_mask == 0).unsqueeze(1), -1e9)
            out.append(torch.bmm(self.dropout(torch.softmax(s, -1)), vh))
        out = self.dropout(self.final_linear(torch.cat(out, -1)))
        return self.ln(out + q)
