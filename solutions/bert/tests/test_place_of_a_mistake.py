"""A mistake that no bank knows is told by its place, in the names the student gave the parts."""

import pytest

ATTENTION = """
import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.heads = n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, emb, att_mask=None):
        q, k = self.split(self.query(emb)), self.split(self.key(emb))
        v = self.split(self.value(emb))
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        if att_mask is not None:
            scores = scores.masked_fill(att_mask[:, None, None] == 0, float("-inf"))
        context = self.dropout(scores.softmax(-1)) @ v
        mixed = self.final_linear(context.transpose(1, 2).reshape(emb.shape))
        return self.ln(emb + self.dropout(mixed))
"""
OWN_NAMES = {"self.query": "self.ask", "self.final_linear": "self.mix", "self.ln": "self.norm"}
TANH = (
    "context = self.dropout(scores.softmax(-1))",
    "context = self.dropout(scores.tanh().softmax(-1))",
)
SIZE = ("self.dropout(mixed)", "self.dropout(mixed.abs())")


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
    assert edit[0] in ATTENTION
    text = ATTENTION.replace(*edit)
    for old, new in OWN_NAMES.items() if renamed else ():
        text = text.replace(old, new)
    (tmp_path / "attention.py").write_text(text)
    checks = bert.grade(tmp_path, layers=("MultiHeadAttention",)).checks
    told = {c.diagnosis["explanation"] for c in checks if c.diagnosis}
    assert len(told) == 1
    assert words in told.pop()
