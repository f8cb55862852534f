import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        assert emb_size % n_heads == 0
        self.num_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def split(self, x):
        bs, n, _ = x.shape
        return x.view(bs, n, self.num_heads, self.head_size).permute(0, 2, 1, 3)

    def forward(self, emb, att_mask=None):
        q, k, v = self.split(self.query(emb)), self.split(self.key(emb)), self.split(self.value(emb))
        pad = None
        if att_mask is not None:
            pad = (att_mask == 0).unsqueeze(1).unsqueeze(2)  # True where there is padding
        p = self.dropout.p if self.training else 0.0
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=pad, dropout_p=p)
        z = z.permute(0, 2, 1, 3).flatten(2)
        z = self.dropout(self.final_linear(z))
        return self.ln(z + emb)
