"""Exercise 1 of 7: from token ids to vectors that know their place.

Letters used everywhere: B batch, T tokens, C = emb_size.
"""

from torch import Tensor, nn


class EmbeddingLayer(nn.Module):
    """Turn token ids into vectors: word + position, then LayerNorm, then dropout.

    Formula, for token number t (counting from 0) of a tweet:

        output[t] = Dropout(LayerNorm(word_embeddings[id of token t] + position_embeddings[t]))

    Arguments:
        vocab_size: how many different token ids there are.
        emb_size: C, the length of every vector.
        max_seq_length: the longest tweet the layer must take; it has one position vector for each
            place from 0 to max_seq_length - 1.
        layer_norm_eps: what LayerNorm adds to the variance before it takes the root.
        dropout: the probability with which each output value is set to 0 in training.

    Attributes to create:
        word_embeddings: table (vocab_size, C).
        position_embeddings: table (max_seq_length, C), learned like any other weight.
        ln: LayerNorm over C.
        dropout: Dropout.
        position_ids: buffer (1, max_seq_length) holding 0, 1, 2, ... A buffer moves with the
            module to the GPU but is not trained.

    Read: "Attention Is All You Need" (Vaswani et al. 2017), sections 3.4 and 3.5, and BERT (Devlin
    et al. 2018), section 3, "Input/Output Representations".
    Differs from the papers: positions are learned, as in BERT, not sinusoids, and word vectors are
    not scaled by the root of C. There is no segment embedding: a tweet is one segment.

    Pitfalls:
        - A tweet is usually shorter than max_seq_length: use only the first T position vectors.
        - Positions count places, they have nothing to do with the token ids.
        - LayerNorm comes after the sum, dropout after LayerNorm.
    """

    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        max_seq_length: int,
        layer_norm_eps: float = 1e-12,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        # Step 1: two lookup tables, one row per token id and one row per place.
        # Step 2: LayerNorm over the last axis, with the eps you were given.
        # Step 3: dropout with the probability you were given.
        # Step 4: register the buffer position_ids, shape (1, max_seq_length).
        raise NotImplementedError("embedding.py: EmbeddingLayer.__init__ is not written yet")

    def forward(self, input_ids: Tensor) -> Tensor:
        """Embed a batch of tweets.

        Arguments:
            input_ids: token ids, shape (B, T), integers, T at most max_seq_length.

        Returns:
            Vectors of shape (B, T, C).
        """
        # Step 1: look up the word vectors: (B, T) -> (B, T, C).
        # Step 2: take the first T entries of position_ids and look up their vectors: (1, T, C).
        # Step 3: add the two; the 1 in front stretches over the batch.
        # Step 4: LayerNorm, then dropout: still (B, T, C).
        raise NotImplementedError("embedding.py: EmbeddingLayer.forward is not written yet")
