import math, torch
from torch import nn
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        def mats():
            return nn.ParameterList([nn.Parameter(torch.randn(emb_size, self.head_size) / math.sqrt(emb_size)) for _ in range(n_heads)])
        def vecs():
            return nn.ParameterList([nn.Parameter(torch.zeros(self.head_size)) for _ in range(n_heads)])
        self.Wq, self.Wk, self.Wv = mats(), mats(), mats()
        self.bq, self.bk, self.bv = vecs(), vecs(), vecs()
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
    def forward(self, emb, att_mask=None):
        heads = []
        for i in range(self.n_heads):
            q = emb @ self.Wq[i] + self.bq[i]
            k = emb @ self.Wk[i] + self.bk[i]
            v = emb @ self.Wv[i] + self.bv[i]
            s = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(self.head_size)
            if att_mask is not None:
                s = s.masked_fill(att_mask.unsqueeze(1) == 0, float("-inf"))
            heads.append(torch.bmm(self.dropout(torch.softmax(s, -1)), v))
        return self.ln(emb + self.dropout(self.final_linear(torch.cat(heads, -1))))
