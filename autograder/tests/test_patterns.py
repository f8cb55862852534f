"""In what pattern an output is wrong, in words."""

import pytest
import torch

from autograder.trusted.patterns import describe_difference

# Of three tweets the second is padded.
MASK = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([[0, 0, 0], [0, 1, 1], [0, 0, 0]], "only padded positions are wrong"),
        ([[1, 1, 0], [1, 0, 0], [0, 1, 1]], "only real tokens are wrong, padded positions are"),
        ([[1, 1, 0], [0, 0, 0], [0, 1, 1]], "only tweets without padding are wrong"),
        ([[1, 1, 1], [0, 0, 0], [0, 0, 0]], "it is wrong only at row of the batch 0"),
    ],
)
def test_where_an_output_is_wrong_is_told_by_what_its_tweets_have_in_common(wrong, told):
    generator = torch.Generator().manual_seed(0)
    want = torch.randn(3, 3, 4, generator=generator, dtype=torch.float64)
    noise = torch.randn(3, 3, 4, generator=generator, dtype=torch.float64)
    got = want + noise * torch.tensor(wrong)[..., None]
    assert describe_difference(got, want, [want, MASK], {}).startswith(told)
