import torch
import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.d_k = n_heads, emb_size // n_heads
        self.W_q = nn.Linear(emb_size, emb_size)
        self.W_k = nn.Linear(emb_size, emb_size)
        self.W_v = nn.Linear(emb_size, emb_size)
        self.W_o = nn.Linear(emb_size, emb_size)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(emb_size, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        Q = self.W_q(emb).reshape(B, T, self.n_heads, self.d_k).permute(0, 2, 1, 3)
        K = self.W_k(emb).reshape(B, T, self.n_heads, self.d_k).permute(0, 2, 3, 1)
        V = self.W_v(emb).reshape(B, T, self.n_heads, self.d_k).permute(0, 2, 1, 3)
        scores = torch.matmul(Q, K) / (self.d_k ** 0.5)
        if att_mask is not None:
            keep = att_mask.bool().view(B, 1, 1, T)
            scores = torch.where(keep, scores, torch.tensor(-1e9, dtype=scores.dtype, device=scores.device))
        A = self.attn_dropout(scores.softmax(-1))
        out = torch.matmul(A, V).permute(0, 2, 1, 3).reshape(B, T, C)
        return self.layer_norm(self.resid_dropout(self.W_o(out)) + emb)
