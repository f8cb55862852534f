"""MultiHeadAttention: scaled dot-product attention with its residual and LayerNorm. Staff only."""

import math

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class MultiHeadAttention(nn.Module):
    """Let every token gather what it needs from all real tokens of its tweet, in H ways at once.

    Formula, with Q, K and V three learned linear maps of the input, cut into H heads of size D:

        head   = Dropout(softmax(Q Kᵀ / √D)) V         padded keys get a score of minus infinity
        output = LayerNorm(emb + Dropout(final_linear(heads side by side)))

    Arguments:
        emb_size: C, the length of every token's vector; n_heads divides it.
        n_heads: H, how many heads share the C features.
        dropout: the probability used at both places where the formula says Dropout.
        layer_norm_eps: what LayerNorm adds to the variance before it takes the root.

    Attributes to create:
        head_size: D, an int.
        query, key, value: linear maps C -> C with bias.
        dropout: Dropout, used twice.
        final_linear: linear map C -> C with bias.
        ln: LayerNorm over C.

    Read: "Attention Is All You Need" (Vaswani et al. 2017), section 3.2, figure 2 and equation (1);
    for the residual and LayerNorm around it, section 3.1 and "Layer Normalization" (Ba et al.
    2016).
    Differs from the paper: the residual and LayerNorm are part of this class, and all maps have a
    bias, as in BERT (Devlin et al. 2018).

    Pitfalls:
        - The root is that of one head's size, D, not of C.
        - softmax runs over the keys: each query's weights sum to 1.
        - The mask hides keys, never queries. It acts on the scores, before softmax.
        - Splitting into heads is not the same as reshaping (B, T, C) to (B, H, T, D).
        - Merging the heads is splitting undone, step by step.
    """

    def __init__(
        self, emb_size: int, n_heads: int, dropout: float = 0.1, layer_norm_eps: float = 1e-12
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = Linear(emb_size, emb_size)
        self.key = Linear(emb_size, emb_size)
        self.value = Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        """Mix every token with the real tokens of its tweet.

        Arguments:
            emb: one vector per token, shape (B, T, C).
            att_mask: 1 for real tokens and 0 for padding, shape (B, T); integers, floats or
                booleans. None means that there is no padding.

        Returns:
            Vectors of shape (B, T, C).
        """
        queries = self._split_heads(self.query(emb))
        keys = self._split_heads(self.key(emb))
        values = self._split_heads(self.value(emb))

        scores = queries @ keys.transpose(-2, -1)  # (B, H, T, D) @ (B, H, D, T) -> (B, H, T, T)
        scores = scores / math.sqrt(self.head_size)
        if att_mask is not None:
            padded_keys = att_mask[:, None, None, :] == 0  # (B, T) -> (B, 1, 1, T)
            scores = scores.masked_fill(padded_keys, -math.inf)
        weights = self.dropout(torch.softmax(scores, dim=-1))

        context = self._merge_heads(weights @ values)
        return self.ln(emb + self.dropout(self.final_linear(context)))

    def _split_heads(self, x: Tensor) -> Tensor:
        x = x.unflatten(-1, (self.n_heads, self.head_size))  # (B, T, C) -> (B, T, H, D)
        return x.transpose(1, 2)  # (B, T, H, D) -> (B, H, T, D)

    def _merge_heads(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)  # (B, H, T, D) -> (B, T, H, D)
        return x.flatten(start_dim=2)  # (B, T, H, D) -> (B, T, C)
