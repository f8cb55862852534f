"""My BERT. Everything is written with plain tensors and torch.special."""
from __future__ import annotations
import functools, operator
import torch
import torch.nn as nn
from torch.nn import functional as F
from assignments.bert.hyperparameters import MAX_SEQ_LEN


class Standardise(nn.Module):
    def __init__(self, n, eps):
        super().__init__()
        self.gain, self.shift, self.eps = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n)), eps

    def forward(self, z):
        var, mean = torch.var_mean(z, dim=-1, correction=0, keepdim=True)
        return torch.addcmul(self.shift, (z - mean) * torch.rsqrt(var + self.eps), self.gain)


def drop(z, p, on):
    if not on or p == 0:
        return z
    keep = torch.bernoulli(torch.full_like(z, 1 - p))
    return z * keep / (1 - p)


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.tok = nn.Parameter(torch.randn(vocab_size, emb_size) * 0.02)
        self.pos = nn.Parameter(torch.randn(max_seq_length, emb_size) * 0.02)
        self.norm = Standardise(emb_size, layer_norm_eps)
        self.p = dropout

    def forward(self, input_ids):
        place = torch.ones_like(input_ids).cumsum(-1) - 1
        return drop(self.norm(F.embedding(input_ids, self.tok) + self.pos[place]), self.p, self.training)


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.heads = n_heads
        self.maps = nn.ModuleDict({n: nn.Linear(emb_size, emb_size) for n in ("value", "output", "key", "query")})
        self.norm, self.p = Standardise(emb_size, layer_norm_eps), dropout

    def forward(self, emb, att_mask=None):
        b, t, c = emb.shape
        d = c // self.heads
        fold = lambda name: self.maps[name](emb).view(b, t, self.heads, d).permute(0, 2, 1, 3).reshape(-1, t, d)
        bias = emb.new_zeros(b, 1, t)
        if att_mask is not None:
            bias = torch.where(att_mask.bool()[:, None], 0.0, torch.finfo(emb.dtype).min).to(emb.dtype)
        s = torch.baddbmm(bias.expand(b, t, t).repeat_interleave(self.heads, 0), fold("query"),
                          fold("key").mT, alpha=d ** -0.5)
        a = drop((s - s.logsumexp(-1, keepdim=True)).exp(), self.p, self.training)
        o = torch.bmm(a, fold("value")).view(b, self.heads, t, d).permute(0, 2, 1, 3).reshape(b, t, c)
        return self.norm(drop(self.maps["output"](o), self.p, self.training) + emb)


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.up, self.down = nn.Linear(emb_size, intermediate_size), nn.Linear(intermediate_size, emb_size)
        self.norm, self.p = Standardise(emb_size, layer_norm_eps), dropout

    def forward(self, x):
        h = self.up(x)
        return self.norm(x + drop(self.down(h * torch.special.ndtr(h)), self.p, self.training))


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        shared = dict(dropout=dropout, layer_norm_eps=layer_norm_eps)
        self.parts = nn.ModuleList([MultiHeadAttention(emb_size, n_heads, **shared),
                                    PositionWiseFeedForward(emb_size, intermediate_size, **shared)])

    def forward(self, emb, att_mask=None):
        mix, think = self.parts
        return think(mix(emb, att_mask))


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, *rest, **named):
        super().__init__()
        self.stack = nn.ModuleList(TransformerBlock(emb_size, *rest, **named) for _ in range(n_layers))

    def forward(self, emb, att_mask=None):
        return functools.reduce(lambda h, block: block(h, att_mask), self.stack, emb)


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(emb_size, emb_size) * 0.02), nn.Parameter(torch.zeros(emb_size))

    def forward(self, encoder_out):
        cls = encoder_out.select(1, 0)
        return torch.einsum("bc,cd->bd", cls, self.w).add(self.b).tanh()


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.pipeline = nn.ModuleDict({
            "read": EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout),
            "encode": EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout),
            "pool": Pooler(emb_size),
        })
        self.p, self.head = dropout, nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        h = self.pipeline["encode"](self.pipeline["read"](input_ids), attention_mask)
        return self.head(drop(self.pipeline["pool"](h), self.p, self.training))
