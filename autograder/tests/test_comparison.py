"""Comparing: what differs is told, NaN never passes, chance accuses nobody."""

import unicodedata

import pytest
import torch

from autograder.trusted.chance import (
    binomial_bounds,
    expect_drop_rate,
    expect_kept_or_dropped,
    recover_branch,
)
from autograder.trusted.compare import DEEP, EXACT, MIXED, SHARP, agree, expect_same
from autograder.trusted.outcomes import CheckFailed, clean_text

GENERATOR = torch.Generator().manual_seed(3)
WANT = torch.randn(3, 4, 5, dtype=torch.float64, generator=GENERATOR)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_never_agrees(bad):
    got = WANT.clone()
    got[1, 2, 3] = bad
    for tolerance in (EXACT, MIXED, DEEP, SHARP):
        assert not agree(got, WANT, tolerance)
    with pytest.raises(CheckFailed, match=r"NaN|infinite"):
        expect_same(got, WANT, "the output")


def test_the_mixed_tolerance_rejects_the_tanh_approximation_of_gelu():
    x = torch.linspace(-3, 3, 100, dtype=torch.float64)
    gelu = torch.nn.functional.gelu
    assert not agree(gelu(x, approximate="tanh"), gelu(x), MIXED)
    assert agree(gelu(x) + 1e-12, gelu(x), EXACT)


def test_the_mixed_tolerance_takes_a_softmax_in_float32_and_nothing_coarser():
    scores = 5 * WANT
    want = scores.softmax(-1)
    assert not agree(scores.float().softmax(-1).double(), want, EXACT)
    assert agree(scores.float().softmax(-1).double(), want, MIXED)
    assert not agree(scores.bfloat16().softmax(-1).double(), want, MIXED)


def test_the_message_names_the_rows_that_differ_and_no_value():
    got = WANT.clone()
    got[1] += 0.123456
    with pytest.raises(CheckFailed) as failure:
        expect_same(got, WANT, "the output", axes="BTC")
    assert "row of the batch 1 " in failure.value.message
    assert "0.123" not in failure.value.message


def test_a_constant_factor_is_named():
    with pytest.raises(CheckFailed, match="constant factor 2.83"):
        expect_same(WANT * 8**0.5, WANT, "the scores")


@pytest.mark.parametrize(("n", "p"), [(1000, 0.3), (5000, 0.1), (64, 0.5), (10, 0.01)])
def test_binomial_bounds_hold_for_what_is_really_binomial(n, p):
    low, high = binomial_bounds(n, p)
    counts = torch.distributions.Binomial(n, torch.tensor(p)).sample((20_000,))
    assert ((counts >= low) & (counts <= high)).all()
    assert high - low < n


def drops(p, *shape):
    return torch.rand(shape, generator=GENERATOR) < p


def test_independent_drops_at_the_right_rate_pass():
    for _ in range(50):
        expect_drop_rate(drops(0.3, 16, 8, 12), 0.3, "values")


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_drops_at_another_rate_fail(rate):
    with pytest.raises(CheckFailed, match="are dropped"):
        expect_drop_rate(drops(rate, 16, 8, 12), 0.3, "values")


@pytest.mark.parametrize("shape", [(1, 8, 12), (32, 1, 12), (32, 8, 1)])
def test_drops_shared_along_an_axis_fail(shape):
    shared = drops(0.3, *shape).expand(32, 8, 12)
    with pytest.raises(CheckFailed):
        expect_drop_rate(shared, 0.3, "values")


def test_dropout_without_rescaling_is_told_from_dropout_elsewhere():
    full = WANT + 3
    dropped = drops(0.3, 3, 4, 5)
    expect_kept_or_dropped(torch.where(dropped, 0.0, full / 0.7), full, 0.3, "values")
    with pytest.raises(CheckFailed, match="not scaled"):
        expect_kept_or_dropped(torch.where(dropped, 0.0, full), full, 0.3, "values")
    with pytest.raises(CheckFailed, match="nothing is dropped"):
        expect_kept_or_dropped(full, full, 0.3, "values")
    with pytest.raises(CheckFailed, match="another place"):
        expect_kept_or_dropped(full / 0.7**2, full, 0.3, "values")
    with pytest.raises(CheckFailed, match=r"scaled by 1\.111: as by a dropout of 0\.1,"):
        expect_kept_or_dropped(torch.where(dropped, 0.0, full / 0.9), full, 0.3, "values")


def test_the_branch_in_front_of_a_layer_norm_is_recovered():
    branch = WANT.clone()
    branch[..., 2:] = 0.0
    residual = torch.randn(3, 4, 5, dtype=torch.float64, generator=GENERATOR)
    output = torch.nn.functional.layer_norm(residual + branch, (5,), eps=1e-12)
    assert agree(recover_branch(output, residual, slice(2, None)), branch, EXACT)


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\u202eb", "a\nb\tc", "\x00", "x" * 1000])
def test_students_texts_are_made_fit_to_show(text):
    clean = clean_text(text)
    assert len(clean) <= 400
    assert clean.isprintable()


@pytest.mark.parametrize("shape", [(), (3, 4), (3, 2, 5), (3, 4, 1)])
def test_what_train_mode_gives_in_another_shape_is_the_students_fault(shape):
    got = torch.zeros(shape, dtype=torch.float64)
    with pytest.raises(CheckFailed, match="shape"):
        recover_branch(got, WANT, slice(2, None))
    with pytest.raises(CheckFailed, match="shape"):
        expect_kept_or_dropped(got, WANT, 0.3, "the values")


def test_what_cannot_be_seen_is_left_out_of_shown_text():
    hidden = [chr(c) for c in range(0xD800) if unicodedata.category(chr(c)) == "Cf"]
    # What Unicode calls default-ignorable without that category.
    hidden += "\u034f\u115f\u1160\u17b4\u17b5\u180b\u2065\u3164\ufe0f\ufeff\uffa0\ufff9"
    for char in hidden:
        assert clean_text(f"a{char}b{char}") == "ab", hex(ord(char))
    for shown in ("é", "ß", "作业", "عربي", "नमस्ते", "e\u0301", "ｱ", "a\u00a0b"):
        assert clean_text(shown) == " ".join(shown.split())


def test_marks_stacked_on_a_letter_cover_no_other_line():
    assert clean_text("a" + "\u0301" * 300 + "b") == "a" + "\u0301" * 4 + "b"
    assert clean_text("vi\u0323\u0302t") == "vi\u0323\u0302t"
