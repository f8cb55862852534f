"""EmbeddingLayer: word plus position, LayerNorm, dropout. Staff only."""

import torch
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
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.register_buffer('position_embeddings', torch.randn(max_seq_length, emb_size))
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        # Not in the state_dict: it can always be made again from max_seq_length.
        positions = torch.arange(max_seq_length).unsqueeze(0)
        self.register_buffer("position_ids", positions, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Embed a batch of tweets.

        Arguments:
            input_ids: token ids, shape (B, T), integers, T at most max_seq_length.

        Returns:
            Vectors of shape (B, T, C).
        """
        n_tokens = input_ids.shape[1]
        words = self.word_embeddings(input_ids)  # (B, T) -> (B, T, C)
        places = self.position_embeddings[:n_tokens]  # (1, T, C)
        return self.dropout(self.ln(words + places))
