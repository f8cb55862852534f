import torch
from torch import nn
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.w_qkv = nn.Parameter(torch.empty(3, emb_size, emb_size))
        self.b_qkv = nn.Parameter(torch.zeros(3, 1, emb_size))
        nn.init.xavier_uniform_(self.w_qkv)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        qkv = torch.einsum("btc,nco->nbto", emb, self.w_qkv) + self.b_qkv.unsqueeze(1)
        q, k, v = qkv.reshape(3, B, T, self.n_heads, -1).transpose(2, 3)
        s = q @ k.transpose(-1, -2) / self.head_size ** .5
        if att_mask is not None:
            s = s.masked_fill(~(att_mask > 0).unsqueeze(1).unsqueeze(2), float("-inf"))
        o = (self.dropout(torch.softmax(s, dim=-1)) @ v).transpose(1, 2).reshape(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(o)))
