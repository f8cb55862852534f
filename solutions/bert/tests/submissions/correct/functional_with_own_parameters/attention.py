import torch, torch.nn as nn, torch.nn.functional as F
class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super(MultiHeadAttention, self).__init__()
        D = emb_size // n_heads
        self.h, self.head_size, self.p, self.eps = n_heads, D, dropout, layer_norm_eps
        mk = lambda *s: nn.Parameter(torch.randn(*s) * .02)
        self.W_Q, self.b_Q = mk(n_heads, D, emb_size), mk(n_heads, D)
        self.W_K, self.b_K = mk(n_heads, D, emb_size), mk(n_heads, D)
        self.W_V, self.b_V = mk(n_heads, D, emb_size), mk(n_heads, D)
        self.W_O, self.b_O = mk(emb_size, emb_size), mk(emb_size)
        self.gamma = nn.Parameter(torch.ones(emb_size))
        self.beta = nn.Parameter(torch.zeros(emb_size))
    def forward(self, emb, att_mask=None):
        q = torch.einsum("btc,hdc->bhtd", emb, self.W_Q) + self.b_Q[None, :, None, :]
        k = torch.einsum("btc,hdc->bhtd", emb, self.W_K) + self.b_K[None, :, None, :]
        v = torch.einsum("btc,hdc->bhtd", emb, self.W_V) + self.b_V[None, :, None, :]
        s = torch.einsum("...qd,...kd->...qk", q, k) * self.head_size ** -0.5
        if att_mask is not None:
            s = s + torch.zeros_like(s).masked_fill(att_mask[:, None, None].eq(0), float("-inf"))
        a = F.dropout(F.softmax(s, -1), self.p, self.training)
        o = torch.einsum("bhqk,bhkd->bqhd", a, v).flatten(-2)
        o = F.dropout(F.linear(o, self.W_O, self.b_O), self.p, self.training)
        return F.layer_norm(emb + o, (emb.size(-1),), self.gamma, self.beta, self.eps)
