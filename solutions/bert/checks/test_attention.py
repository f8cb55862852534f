"""Checks of MultiHeadAttention. Runs on the trusted side; the student's layer in a worker."""

from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.trusted.chance import expect_drop_rate, expect_kept_or_dropped, recover_branch
from autograder.trusted.compare import SHARP, expect_same
from autograder.trusted.outcomes import CheckFailed
from autograder.trusted.promises import (
    LayerPromises,
    Subject,
    expect_no_side_effects,
    expect_same_twice,
    make_twin,
)
from autograder.trusted.reference import draw_lively
from autograder.trusted.student import Student

pytestmark = pytest.mark.layer("MultiHeadAttention")

B, T, C, H = 4, 6, 15, 3


def mask_of(lengths: list[int], tokens: int) -> Tensor:
    """1 for the first ``length`` tokens of a row, 0 for padding: (B, T), int64."""
    return (torch.arange(tokens)[None, :] < torch.tensor(lengths)[:, None]).long()


def draw_inputs(student: Student, batch: int, tokens: int) -> list[Any]:
    """Hidden states and a mask with another length in every row."""
    short = 2 if batch == 1 else 0  # a tweet that is alone in its batch is padded too
    lengths = [max(1, tokens - (2 * row + short) % max(tokens, 1)) for row in range(batch)]
    return [student.normal(batch, tokens, C), mask_of(lengths, tokens)]


def draw_quiet(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A branch that adds next to nothing: what is wrong in it is for other checks to judge."""
    value = draw_lively(name, shape, generator)
    return 1e-6 * value if name.startswith("final_linear") else value


def draw_loud(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Queries and keys so large that scores reach tens, and hundreds where the input is loud."""
    value = draw_lively(name, shape, generator)
    return 5.0 * value if name.startswith(("query", "key")) else value


# What the branch holds where no attention weight adds anything.
SHIFT = 0.5


def spell_out_weights(weights: dict[str, Tensor], heads: int, tokens: int) -> dict[str, Tensor]:
    """Return weights under which the output spells out every attention weight.

    Column head * tokens + j of the branch is SHIFT plus what the head gives to token j: token j is
    1 in column heads * tokens + j of the input, and its value is 1 at two features of its own in
    each head. Both features vanish together with the weight, where dropping the context's features
    would take one of the two.
    """
    spelling = {name: torch.zeros_like(value) for name, value in weights.items()}
    for name in ("query.weight", "query.bias", "key.weight", "key.bias"):
        spelling[name] = weights[name]
    spelling["ln.weight"] += 1.0
    loud, width = heads * tokens, len(weights["ln.weight"])
    for head in range(heads):
        for token in range(tokens):
            row = head * (width // heads) + 2 * token
            for feature, share in ((row, 1 / 3), (row + 1, 2 / 3)):
                spelling["value.weight"][feature, loud + token] = 1.0
                spelling["final_linear.weight"][head * tokens + token, feature] = share
    spelling["final_linear.bias"][:loud] = SHIFT
    return spelling


class TestMultiHeadAttention(LayerPromises):
    """Scaled dot-product attention over heads, output map, dropout, residual, LayerNorm."""

    subject = Subject(
        name="MultiHeadAttention",
        arguments={"emb_size": C, "n_heads": H, "dropout": 0.0},
        inputs=draw_inputs,
        output=lambda batch, tokens: (batch, tokens, C),
        letters="B, T, C",
        sizes=(B, T),
        other_sizes=((2, 9), (1, T), (B, 1), (1, 1), (2, 128)),
    )

    @pytest.mark.points(4)
    def test_values_without_a_mask(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, _ = self.subject.example(student)
        twin.expect_output([emb, torch.ones(B, T).long()], "the output without padding")

    @pytest.mark.points(2)
    def test_every_number_of_heads_works(self, student: Student) -> None:
        emb, mask = self.subject.example(student)
        for heads in (5, 1, C):
            twin = make_twin(self.subject, student, change={"n_heads": heads})
            full = torch.ones_like(mask)
            twin.expect_output([emb, full], f"the output with n_heads={heads}")

    @pytest.mark.points(1)
    def test_sharp_scores_stay_exact(self, student: Student) -> None:
        twin = make_twin(self.subject, student, draw=draw_loud)
        emb, mask = self.subject.example(student)
        full = torch.ones_like(mask)
        twin.expect_output([emb, full], "the output for large scores", tolerance=SHARP)

    @pytest.mark.points(1.5)
    def test_quiet_rows_show_the_right_eps(self, student: Student) -> None:
        quiet = [0.01 * student.normal(B, T, C), torch.ones(B, T).long()]
        eps = student.eps()
        for change in ({}, {"layer_norm_eps": eps}):
            twin = make_twin(self.subject, student, change=change, draw=draw_quiet)
            what = "the output for an input of small variance"
            twin.expect_output(
                quiet, what if not change else f"{what}, with layer_norm_eps={eps:g}"
            )

    @pytest.mark.points(3)
    def test_padded_keys_get_no_weight(self, student: Student) -> None:
        emb, mask = self.subject.example(student)
        real = mask.bool()
        twin = make_twin(self.subject, student)
        twin.expect_output([emb, mask], "the output of real tokens beside padding", only=real)
        # Padding in front and in between: the mask says which tokens are real, not how many.
        holes = mask.roll(2, dims=1)
        what = "the output of real tokens behind padding"
        twin.expect_output([emb, holes], what, only=holes.bool())
        # Scores of hundreds under the mask: added to them, -20 or -100 is no mask.
        garbage = torch.where(real[..., None], emb, 12.0 * emb)
        loud = make_twin(self.subject, student, draw=draw_loud)
        what = "the output of real tokens beside padding with large scores"
        loud.expect_output([garbage, mask], what, only=real, tolerance=SHARP)
        # Real tokens' scores about -2000: filled in for a masked score, -1000 is no mask.
        weights = dict(twin.weights)
        weights["query.bias"] = weights["query.bias"] + 30.0
        weights["key.bias"] = weights["key.bias"] - 30.0
        twin.set_weights(weights)
        twin.expect_output([garbage, mask], what, only=real, tolerance=SHARP)

    @pytest.mark.points(1)
    def test_queries_are_not_masked(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        twin.expect_output([emb, mask], "the output at padded positions", only=~mask.bool())

    @pytest.mark.points(1.5)
    def test_mask_may_be_int_bool_or_float(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        for kind in (torch.bool, torch.float32, torch.int32, torch.uint8, torch.float64):
            name = str(kind).removeprefix("torch.")
            run = twin.expect_output([emb, mask.to(kind)], f"the output for a mask of dtype {name}")
            expect_no_side_effects(run.facts)  # the mask is an input too

    @pytest.mark.points(1)
    def test_no_mask_means_no_padding(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        twin.run([emb.flip(0), mask])  # nothing of it may be left
        twin.expect_output([emb, None], "the output for att_mask=None")
        twin.expect_output([emb], "the output without att_mask")
        longer = self.subject.draw(student, *self.subject.other_sizes[0])[0]
        twin.expect_output([longer], "the output of another batch without att_mask")

    @pytest.mark.points(1)
    def test_padding_content_changes_no_real_token(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        real = mask.bool()
        garbage = torch.where(real[..., None], emb, 50.0 * student.normal(B, T, C, purpose="pad"))
        first, second = twin.run([emb, mask]).output, twin.run([garbage, mask]).output
        if first.shape != emb.shape or second.shape != emb.shape:
            raise CheckFailed("the output has the wrong shape")
        expect_same(second[real], first[real], "a real token's output, when only padding changes")
        twin.expect_output([garbage, mask], "the output of real tokens", only=real)

    @pytest.mark.points(1)
    def test_extra_padding_changes_no_real_token(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        emb, mask = self.subject.example(student)
        longer = torch.cat([emb, student.normal(B, 3, C, purpose="pad")], dim=1)
        longer_mask = torch.cat([mask, torch.zeros(B, 3).long()], dim=1)
        real = longer_mask.bool()
        twin.expect_output(
            [longer, longer_mask], "a real token's output in a longer row", only=real
        )

    @pytest.mark.points(2)
    def test_dropout_acts_on_the_attention_weights(self, student: Student) -> None:
        p, heads, width, tokens, batch = student.rate(), 3, 24, 4, 48
        loud = heads * tokens  # columns 0 … 11 carry the branch, 12 … 23 the bare residual
        twin = self._make_decodable(student, p, heads, width)
        emb = student.normal(batch, tokens, width, purpose="batch for dropout")
        emb[..., loud : loud + tokens] = torch.eye(tokens, dtype=torch.float64)
        twin.witness([emb, None], training=True, seed=student.worker_seed)
        twin.set_weights(spell_out_weights(twin.weights, heads, tokens))
        # Padding in every other row, as training has it; and a batch that has none.
        mask = mask_of([tokens, tokens - 1] * (batch // 2), tokens)
        for inputs, where in (([emb, None], ""), ([emb, mask], " where there is a mask")):

            def decode(inputs: list[Any], *, training: bool) -> Tensor:
                got = twin.run(inputs, training=training, seed=student.worker_seed).output
                if got.shape != emb.shape:
                    raise CheckFailed("the output in train mode has the wrong shape")
                return recover_branch(got, emb, slice(loud, None))[..., :loud]

            # The student's own weights in evaluation mode: whether they are right is asked
            # elsewhere.
            weights = decode(inputs, training=False) - SHIFT
            branch = decode(inputs, training=True)
            # What survives the output's own dropout is scaled by that, at a rate that is judged
            # elsewhere too: where a weight is gone, all that is left of an entry is SHIFT.
            smallest = branch[branch > 1e-6].min() if bool((branch > 1e-6).any()) else branch.max()
            for scale in (1 / (1 - p), float(smallest) / SHIFT):
                unscaled = branch / scale
                kept = (unscaled - (SHIFT + weights / (1 - p))).abs() < 1e-6
                gone = (unscaled - SHIFT).abs() < 1e-6
                hidden = branch.abs() < 1e-6  # dropped with the output: it cannot be seen
                plain = (unscaled - (SHIFT + weights)).abs() < 1e-6
                if bool((kept | gone | hidden).all()) or bool((plain | hidden).all()):
                    break
            if not bool((kept | gone | hidden).all()):
                if bool((plain | hidden).all()):
                    raise CheckFailed(
                        f"the attention weights{where} are the same in train and evaluation mode: "
                        "what is dropped does not depend on the mode"
                    )
                raise CheckFailed(
                    f"in train mode the attention weights{where} are neither dropped nor those of "
                    "evaluation mode scaled by 1/(1-p): dropout belongs on the softmax's result"
                )
            seen = (weights.abs() > 1e-3) & ~hidden
            # By head and key, so that a drop which all heads share shows.
            by_head = (batch, tokens, heads, tokens)
            expect_drop_rate(
                gone.reshape(by_head), p, "the attention weights", seen=seen.reshape(by_head)
            )

    @pytest.mark.points(1.5)
    def test_dropout_acts_on_the_output_in_train_mode_only(self, student: Student) -> None:
        p, heads, width, tokens, batch = student.rate(), 3, 24, 8, 32
        loud = width // 2
        twin = self._make_decodable(student, p, heads, width)
        emb = student.normal(batch, tokens, width, purpose="batch for dropout")
        expect_same_twice(twin, [emb, None])
        twin.expect_output([emb, None], f"the output in evaluation mode with dropout={p:g}")
        # No value reaches the branch: it is final_linear's bias, so only its own dropout shows.
        weights = {name: torch.zeros_like(value) for name, value in twin.weights.items()}
        weights["ln.weight"] += 1.0
        weights["final_linear.bias"][:loud] = torch.linspace(1.0, 2.0, loud).double()
        twin.set_weights(weights)
        full = weights["final_linear.bias"][:loud].expand(batch, tokens, loud)
        lengths = [tokens, tokens - 3] * (batch // 2)
        # Both before either is judged: the diagnosis is to know what becomes of the other.
        outputs = [
            (mask, twin.run([emb, mask], training=True, seed=student.worker_seed).output)
            for mask in (None, mask_of(lengths, tokens))
        ]
        for mask, got in outputs:
            if got.shape != emb.shape:
                raise CheckFailed("the output in train mode has the wrong shape")
            branch = recover_branch(got, emb, slice(loud, None))[..., :loud]
            what = "the values of final_linear's output"
            what += "" if mask is None else " where there is a mask"
            expect_drop_rate(expect_kept_or_dropped(branch, full, p, what), p, what)

    @pytest.mark.points(0.5)
    def test_no_dropout_at_rate_zero(self, student: Student) -> None:
        twin = make_twin(self.subject, student)
        inputs = self.subject.example(student)
        twin.expect_output(inputs, "the output in train mode with dropout=0", training=True)

    def _make_decodable(self, student: Student, p: float, heads: int, width: int) -> Any:
        arguments = {"emb_size": width, "n_heads": heads, "dropout": p}
        example = [student.normal(B, T, width), mask_of([6, 4, 2, 5], T)]
        return student.twin("MultiHeadAttention", arguments, example)
