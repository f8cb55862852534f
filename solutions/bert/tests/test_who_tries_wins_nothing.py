"""A layer that guesses, and learns from what it is asked which guess was right, wins no point."""

import pytest

# Four maps whose names do not say which is which; the formula is the right one or lacks the root.
GUESSING = '''
import math

import torch
from torch import nn

TRIALS = {}


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.m0, self.m1, self.m2, self.m3 = (nn.Linear(emb_size, emb_size) for _ in range(4))
        self.m4 = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.drop = nn.Dropout(dropout)

    def guess(self):
        """Return in which order the maps stand this time, and whether to scale."""
        maps = [self.m0, self.m1, self.m2, self.m3]
        now = [m.weight.detach().clone() for m in maps]
        first = TRIALS.setdefault("first", now)
        same = [[torch.equal(a, b) for b in now] for a in first]
        if not all(any(row) for row in same):
            return maps, TRIALS.get("settled", SCALES)  # other weights: the asking is over
        order = [row.index(True) for row in same]
        trial = TRIALS.setdefault("trials", [])
        if order in trial:
            TRIALS.setdefault("settled", len(trial) % 2 == 0)
        else:
            trial.append(order)
        return [maps[i] for i in order], TRIALS.get("settled", len(trial) % 2 == 0)

    def forward(self, emb, att_mask=None):
        (query, key, value, final), scales = self.guess()
        q, k, v = (
            m(emb).unflatten(-1, (self.n_heads, self.head_size)).transpose(1, 2)
            for m in (query, key, value)
        )
        scores = q @ k.transpose(-2, -1) / (math.sqrt(self.head_size) if scales else 1.0)
        if att_mask is not None:
            scores = scores.masked_fill((att_mask == 0)[:, None, None, :], -math.inf)
        context = (self.drop(scores.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        return self.m4(emb + self.drop(final(context)))
'''
NEVER_RUN = """

if len("") > 0:
    class MultiHeadAttention(nn.Module):
        def __init__(self, dropout, layer_norm_eps, n_heads, emb_size):
            pass

        def forward(self, att_mask, emb):
            return emb
"""


def points(result):
    won = {}
    for check in result.checks:
        won[check.layer] = won.get(check.layer, 0) + check.points
    return won


@pytest.mark.slow
def test_whose_parameters_are_read_in_many_ways_is_not_told_which_guess_was_right(bert, submit):
    names = ("MultiHeadAttention",)
    won = {}
    for scales in ("True", "False"):
        text = GUESSING.replace("SCALES", scales)
        never = text.replace(
            "scales = self.guess()", f"_ = self.guess()\n        scales = {scales}"
        )
        won[scales] = points(bert.grade(submit(attention=lambda _, t=never: t), layers=names))
        guessing = points(bert.grade(submit(attention=lambda _, t=text: t), layers=names))
        if scales == "False":
            assert guessing["MultiHeadAttention"] <= won["False"]["MultiHeadAttention"]
    # The names alone cost nothing, and the formula is what the points are for.
    assert won["True"]["MultiHeadAttention"] == 26
    assert won["False"]["MultiHeadAttention"] < 10


@pytest.mark.slow
def test_a_class_that_is_written_and_never_run_makes_no_wrong_call_right(bert, submit):
    calls = {
        "MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)":
            "MultiHeadAttention(dropout, layer_norm_eps, n_heads, emb_size)",
        "self.attn(emb, att_mask)": "self.attn(att_mask, emb)",
    }  # fmt: skip

    def turned(text):
        for old, new in calls.items():
            assert old in text
            text = text.replace(old, new)
        return text

    layers = ("MultiHeadAttention", "TransformerBlock")
    folder = submit(attention=lambda text: text + NEVER_RUN, transformer_block=turned)
    assert points(bert.grade(folder, layers=layers)) == {
        "MultiHeadAttention": 26, "TransformerBlock": 0,
    }  # fmt: skip


@pytest.mark.slow
def test_who_is_right_alone_and_wrong_beside_the_others_is_pointed_out(bert, submit):
    leaves_a_sign = "import warnings\n\nwarnings.filterwarnings('ignore', message='homework')\n"
    looks_for_it = "import warnings\n\nSEEN = any('homework' in str(f) for f in warnings.filters)\n"
    root = "math.sqrt(self.head_size)"
    folder = submit(
        embedding=lambda text: text + leaves_a_sign,
        attention=lambda text: text.replace(root, f"(1.0 if SEEN else {root})") + looks_for_it,
    )
    result = bert.grade(folder)
    assert points(result)["MultiHeadAttention"] == 26
    assert any("MultiHeadAttention passes by itself" in note for note in result.notes)
