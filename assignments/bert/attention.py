"""Exercise 2 of 7: multi-head attention, where tokens read each other.

Letters used everywhere: B batch, T tokens, C = emb_size, H = n_heads, D = C / H = head_size.
"""

from torch import Tensor, nn


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
        # Step 1: remember how many heads there are, and the size of one.
        # Step 2: the three maps for queries, keys and values.
        # Step 3: dropout, the map after the heads are merged, and LayerNorm.
        raise NotImplementedError("attention.py: MultiHeadAttention.__init__ is not written yet")

    def forward(self, emb: Tensor, att_mask: Tensor | None = None) -> Tensor:
        """Mix every token with the real tokens of its tweet.

        Arguments:
            emb: one vector per token, shape (B, T, C).
            att_mask: 1 for real tokens and 0 for padding, shape (B, T); integers, floats or
                booleans. None means that there is no padding.

        Returns:
            Vectors of shape (B, T, C).
        """
        # Step 1: map emb to queries, keys and values: (B, T, C) each.
        # Step 2: cut each into heads, so that a head has its own axis: (B, H, T, D).
        # Step 3: one score for every query with every key of the same head: (B, H, T, T).
        #         Divide by √D.
        # Step 4: if there is a mask, bring it to (B, 1, 1, T) and hide the padded keys.
        # Step 5: softmax over the keys, then dropout: (B, H, T, T).
        # Step 6: each query's weighted sum of the values: (B, H, T, D).
        # Step 7: put the heads side by side again: (B, T, C).
        # Step 8: final_linear, dropout, add what came in, LayerNorm: (B, T, C).
        raise NotImplementedError("attention.py: MultiHeadAttention.forward is not written yet")
