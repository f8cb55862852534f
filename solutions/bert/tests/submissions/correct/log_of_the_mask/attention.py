import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.head_size = emb_size // n_heads
        self.n_heads = n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        bs, seq_len, _ = emb.size()
        if att_mask is None:
            att_mask = torch.ones(bs, seq_len, device=emb.device)
        bias = torch.log(att_mask.to(emb.dtype))[:, None, None, :]

        def heads(x):
            return torch.stack(x.split(self.head_size, dim=-1), dim=1)

        q, k, v = heads(self.query(emb)), heads(self.key(emb)), heads(self.value(emb))
        att = torch.einsum("bhid,bhjd->bhij", q, k) * self.head_size ** -0.5 + bias
        att = self.dropout(torch.softmax(att, dim=-1))
        out = torch.einsum("bhij,bhjd->bhid", att, v)
        out = torch.cat(out.unbind(dim=1), dim=-1)
        return self.ln(emb + self.dropout(self.final_linear(out)))
