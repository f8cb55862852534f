import torch as t
from torch import nn, Tensor
class MultiHeadAttention(nn.Module):
    IGNORE: Tensor
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        d_head = emb_size // n_heads
        self.head_size = d_head
        self.W_Q = nn.Parameter(t.empty((n_heads, emb_size, d_head)))
        self.W_K = nn.Parameter(t.empty((n_heads, emb_size, d_head)))
        self.W_V = nn.Parameter(t.empty((n_heads, emb_size, d_head)))
        self.W_O = nn.Parameter(t.empty((n_heads, d_head, emb_size)))
        self.b_Q = nn.Parameter(t.zeros((n_heads, d_head)))
        self.b_K = nn.Parameter(t.zeros((n_heads, d_head)))
        self.b_V = nn.Parameter(t.zeros((n_heads, d_head)))
        self.b_O = nn.Parameter(t.zeros((emb_size)))
        for w in (self.W_Q, self.W_K, self.W_V, self.W_O):
            nn.init.normal_(w, std=0.02)
        self.register_buffer("IGNORE", t.tensor(float("-inf"), dtype=t.float32))
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
    def forward(self, emb, att_mask=None):
        q = t.einsum("bpd,ndh->bpnh", emb, self.W_Q) + self.b_Q
        k = t.einsum("bpd,ndh->bpnh", emb, self.W_K) + self.b_K
        v = t.einsum("bpd,ndh->bpnh", emb, self.W_V) + self.b_V
        scores = t.einsum("bqnh,bknh->bnqk", q, k) / self.head_size ** 0.5
        if att_mask is not None:
            scores = t.where(att_mask[:, None, None, :].bool(), scores, self.IGNORE)
        pattern = self.dropout(scores.softmax(-1))
        z = t.einsum("bnqk,bknh->bqnh", pattern, v)
        out = t.einsum("bqnh,nhd->bqd", z, self.W_O) + self.b_O
        return self.ln(emb + self.dropout(out))
