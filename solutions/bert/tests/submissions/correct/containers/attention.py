import torch
from torch import nn

LINEAR_MAPS = ("query", "key", "value", "final_linear")


class MultiHeadAttention(nn.ModuleDict):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__({name: nn.Linear(emb_size, emb_size) for name in LINEAR_MAPS})
        self.update({"dropout": nn.Dropout(dropout), "ln": nn.LayerNorm(emb_size, eps=layer_norm_eps)})
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads

    def forward(self, emb, att_mask=None):
        B, T, C = emb.shape
        # (3, B, H, T, D)
        qkv = torch.stack([self[name](emb) for name in LINEAR_MAPS[:3]])
        q, k, v = qkv.view(3, B, T, self.n_heads, self.head_size).permute(0, 1, 3, 2, 4)
        scores = torch.einsum("...id,...jd->...ij", q, k).div_(self.head_size**0.5)
        if att_mask is not None:
            padded = att_mask.eq(0).view(B, 1, 1, T).expand_as(scores)
            scores[padded] = -torch.inf
        weights = self["dropout"](torch.softmax(scores, -1))
        merged = (weights @ v).permute(0, 2, 1, 3).reshape(B, T, C)
        return self["ln"](self["dropout"](self["final_linear"](merged)) + emb)
