"""Pooler: tanh of a linear map of the first token. Staff only."""

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class Pooler(nn.Module):
    """Take the first token's vector, [CLS], and prepare it for the classifier.

    Formula:

        output = tanh(dense(encoder_out[first token]))

    Arguments:
        emb_size: C, the length of every vector.

    Attributes to create:
        dense: linear map C -> C with bias.
        activation: Tanh.

    Read: BERT (Devlin et al. 2018), section 3, on the use of [CLS]; the tanh layer itself is not in
    the paper's text but in the code its authors published.

    Pitfalls:
        - The first token, not the last, the mean or the maximum: attention has already let [CLS]
          gather what it needs from the others.
        - The axis of tokens is gone from the output.
    """

    def __init__(self, emb_size: int) -> None:
        super().__init__()
        self.dense = Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out: Tensor) -> Tensor:
        """Reduce each tweet to one vector.

        Arguments:
            encoder_out: what the encoder gave, shape (B, T, C).

        Returns:
            One vector per tweet, shape (B, C).
        """
        first_token = encoder_out[:, 0]  # (B, T, C) -> (B, C)
        return self.activation(self.dense(first_token))
