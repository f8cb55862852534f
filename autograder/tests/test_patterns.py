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


def test_one_number_everywhere_is_told_and_equal_or_dropped_values_are_no_other_order():
    want = torch.randn(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert "one number everywhere" in describe_difference(torch.zeros_like(want), want, [None], {})
    assert describe_difference(want, want, [None], {}) == ""
    assert "another order" in describe_difference(want.flip(0), want, [None], {})
    dropped = want * (torch.arange(15).reshape(3, 5) % 3 > 0)
    assert "another order" not in describe_difference(dropped.flip(0), dropped, [None], {})
