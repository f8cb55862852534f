import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.W_o = nn.Linear(emb_size, emb_size)
        self.W_v = nn.Linear(emb_size, emb_size)
        self.W_k = nn.Linear(emb_size, emb_size)
        self.W_q = nn.Linear(emb_size, emb_size)
        self.drop = nn.Dropout(dropout)
        self.H = n_heads
        self.head_size = emb_size // n_heads

    def forward(self, emb, att_mask=None):
        B, T, _ = emb.shape
        Q = self.W_q(emb).reshape(B, T, self.H, -1).swapaxes(1, 2)
        K = self.W_k(emb).reshape(B, T, self.H, -1).swapaxes(1, 2)
        V = self.W_v(emb).reshape(B, T, self.H, -1).swapaxes(1, 2)
        A = Q @ K.mT * (self.head_size**-0.5)
        if att_mask is not None:
            A = A.masked_fill(~att_mask.bool()[:, None, None, :], torch.finfo(A.dtype).min)
        A = self.drop(A.softmax(-1))
        out = (A @ V).reshape(B, T, -1)
        return self.ln(self.drop(self.W_o(out)) + emb)
