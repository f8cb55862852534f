"""A mistake that no bank knows is told by its place, in the names the student gave the parts."""

from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[1] / "attention.py"
OWN_NAMES = {"self.query": "self.ask", "self.final_linear": "self.mix", "self.ln": "self.norm"}
TANH = ("torch.softmax(scores, dim=-1)", "torch.softmax(scores.tanh(), dim=-1)")
SIZE = (
    "self.dropout(self.final_linear(context))",
    "self.dropout(self.final_linear(context).abs())",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "renamed", "words"),
    [
        (TANH, True, "ask, key and value do what they should; what dropout is given is not"),
        (SIZE, False, "final_linear do what they should; what ln is given is not"),
        (SIZE, True, "mix do what they should; what norm (ln in the hand-out) is given is not"),
    ],
)
def test_the_place_is_told_in_the_student_s_names(bert, tmp_path, edit, renamed, words):
    text = REFERENCE.read_text(encoding="utf-8")
    assert edit[0] in text
    text = text.replace(*edit)
    for old, new in OWN_NAMES.items() if renamed else ():
        text = text.replace(old, new)
    (tmp_path / "attention.py").write_text(text, encoding="utf-8")
    checks = bert.grade(tmp_path, layers=("MultiHeadAttention",)).checks
    told = {c.diagnosis["explanation"] for c in checks if c.diagnosis}
    assert len(told) == 1
    assert words in told.pop()


@pytest.mark.slow
def test_what_is_wrong_for_some_masks_is_not_told_as_something_kept_between_calls(bert, tmp_path):
    text = REFERENCE.read_text(encoding="utf-8")
    # The first padding ends the tweet, also where real tokens follow.
    wrong = text.replace("att_mask[:, None", "att_mask.long().cumprod(1)[:, None")
    assert wrong != text
    (tmp_path / "attention.py").write_text(wrong, encoding="utf-8")
    checks = bert.grade(tmp_path, layers=("MultiHeadAttention",)).checks
    told = [check.diagnosis["explanation"] for check in checks if check.diagnosis]
    assert told
    assert not any("The first call of every new layer is right" in text for text in told)


@pytest.mark.slow
def test_a_part_that_does_more_than_its_counterpart_is_not_held_beside_it(bert, tmp_path):
    # The norm adds the residual by itself: what it is given first is right, whatever is wrong.
    norm = """

class AddNorm(nn.LayerNorm):
    def forward(self, x, branch):
        return super().forward(x + branch)
"""
    text = REFERENCE.read_text(encoding="utf-8")
    for old, new in (
        ("nn.LayerNorm(emb_size", "AddNorm(emb_size"),
        ("self.ln(emb + self.dropout", "self.ln(emb, self.dropout"),
        ("self.final_linear(context)", "self.final_linear(context).abs()"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "attention.py").write_text(text + norm, encoding="utf-8")
    checks = bert.grade(tmp_path, layers=("MultiHeadAttention",)).checks
    told = {check.diagnosis["explanation"] for check in checks if check.diagnosis}
    assert told
    assert not any("what ln is given" in text for text in told), told


@pytest.mark.slow
def test_what_goes_wrong_with_any_mask_is_told_to_depend_on_it(bert, tmp_path):
    text = REFERENCE.read_text(encoding="utf-8")
    wrong = text.replace(
        "self.final_linear(context)",
        "self.final_linear(context / (1 if att_mask is None else att_mask.sum()))",
    )
    assert wrong != text
    (tmp_path / "attention.py").write_text(wrong, encoding="utf-8")
    checks = bert.grade(tmp_path, layers=("MultiHeadAttention",)).checks
    told = {check.diagnosis["explanation"] for check in checks if check.diagnosis}
    assert any("wrong only where it is given a mask, whatever that hides" in t for t in told), told
