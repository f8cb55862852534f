import torch.nn as nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.mha = nn.MultiheadAttention(emb_size, n_heads, dropout=dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        pad = None if att_mask is None else ~att_mask.bool()
        out, _ = self.mha(emb, emb, emb, key_padding_mask=pad, need_weights=True)
        return self.ln(emb + self.dropout(out))
