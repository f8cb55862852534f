import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.q_proj = nn.Linear(emb_size, emb_size)
        self.k_proj = nn.Linear(emb_size, emb_size)
        self.v_proj = nn.Linear(emb_size, emb_size)
        self.out_proj = nn.Linear(emb_size, emb_size)
        self.p = dropout
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        q, k, v = [
            proj(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        ]
        allowed = None
        if att_mask is not None:
            lengths = att_mask.sum(dim=1)
            places = torch.arange(T, device=emb.device)
            allowed = (places[None, :] < lengths[:, None])[:, None, None, :]
        p = self.p if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=p)
        out = self.out_proj(out.transpose(1, 2).reshape(B, T, C))
        return self.norm(emb + F.dropout(out, self.p, self.training))
