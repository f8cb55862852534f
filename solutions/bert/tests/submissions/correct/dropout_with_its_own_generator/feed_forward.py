"""PositionWiseFeedForward: two linear maps around a GELU, residual, LayerNorm. Staff only."""

import torch
from torch import Tensor, nn


class OwnDropout(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate, self.generator = rate, torch.Generator()

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(x.shape, generator=self.generator) >= self.rate
        return x * kept.to(x) / (1 - self.rate)


class PositionWiseFeedForward(nn.Module):
    """Widen each token's vector, bend it, narrow it again, and add it to what came in.

    Formula, for every token alone:

        output = LayerNorm(att_out + Dropout(fc2(GELU(fc1(att_out)))))

    Arguments:
        emb_size: C, the length of every token's vector.
        intermediate_size: I, the length in between; in BERT it is 4 C, here it is what it is.
        dropout: the probability of dropping a value of fc2's output in training.
        layer_norm_eps: what LayerNorm adds to the variance before it takes the root.

    Attributes to create:
        fc1: linear map C -> I with bias.
        fc2: linear map I -> C with bias.
        gelu: the exact GELU, x Φ(x).
        dropout: Dropout.
        ln: LayerNorm over C.

    Read: "Attention Is All You Need" (Vaswani et al. 2017), section 3.3; "Gaussian Error Linear
    Units" (Hendrycks and Gimpel 2016), section 2.
    Differs from the paper: GELU instead of ReLU, as in BERT; the residual and LayerNorm are part of
    this class.

    Pitfalls:
        - GELU has a common approximation with tanh: it is not the one asked for.
        - There is one dropout, after fc2; none between the two maps.
        - The residual is this layer's input.
    """

    def __init__(
        self,
        emb_size: int,
        intermediate_size: int,
        dropout: float = 0.1,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = OwnDropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out: Tensor) -> Tensor:
        """Transform each token's vector.

        Arguments:
            att_out: what attention gave, shape (B, T, C).

        Returns:
            Vectors of shape (B, T, C).
        """
        hidden = self.gelu(self.fc1(att_out))  # (B, T, C) -> (B, T, I)
        update = self.dropout(self.fc2(hidden))  # (B, T, I) -> (B, T, C)
        return self.ln(att_out + update)
