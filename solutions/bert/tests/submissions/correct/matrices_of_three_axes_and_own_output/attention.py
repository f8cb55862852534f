import torch
from torch import nn
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        D = self.head_size = emb_size // n_heads
        self.wq = nn.Parameter(torch.randn(n_heads, emb_size, D) * .02); self.bq = nn.Parameter(torch.zeros(n_heads, 1, D))
        self.wk = nn.Parameter(torch.randn(n_heads, emb_size, D) * .02); self.bk = nn.Parameter(torch.zeros(n_heads, 1, D))
        self.wv = nn.Parameter(torch.randn(n_heads, emb_size, D) * .02); self.bv = nn.Parameter(torch.zeros(n_heads, 1, D))
        self.wo = nn.Parameter(torch.randn(emb_size, emb_size) * .02); self.bo = nn.Parameter(torch.zeros(emb_size))
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
    def forward(self, emb, att_mask=None):
        x = emb.unsqueeze(1)                       # B 1 T C
        q, k, v = x @ self.wq + self.bq, x @ self.wk + self.bk, x @ self.wv + self.bv
        s = q @ k.transpose(2, 3) / self.head_size ** .5
        if att_mask is not None:
            s = s.masked_fill(att_mask[:, None, None, :] == 0, -torch.inf)
        c = (self.dropout(s.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        return self.ln(emb + self.dropout(c @ self.wo + self.bo))
