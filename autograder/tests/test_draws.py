"""Many draws tell one place of dropout from another, and a layer from no other drawing of it."""

import itertools
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from autograder.trusted.draws import DRAWS, is_alike, measure
from autograder.trusted.evidence import RunRecord
from autograder.trusted.examination import Examination
from autograder.trusted.reference import Run

WIDTH, INNER = 15, 22


class Layer(nn.Module):
    """Two maps, a residual and LayerNorm, with dropout at the places named."""

    def __init__(self, *places):
        super().__init__()
        self.places = places
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def drop(self, place, x):
        return nn.functional.dropout(x, 0.3, self.training and place in self.places)

    def forward(self, x):
        hidden = self.drop("inner", nn.functional.gelu(self.up(self.drop("input", x))))
        total = self.drop("sum", x + self.drop("branch", self.down(hidden)))
        return self.drop("end", nn.functional.layer_norm(total, (WIDTH,)))


PLACES = [("branch",), ("inner",), ("input",), ("inner", "branch"), ("sum",), ("end",)]


@torch.no_grad()
def measured(places, seed):
    torch.manual_seed(0)
    layer, x = Layer(*places).double(), torch.randn(32, 8, WIDTH).double()
    for parameter in layer.parameters():
        parameter.copy_(0.3 * torch.randn(parameter.shape))
    quiet = layer.eval()(x)
    torch.manual_seed(seed)
    return measure(torch.stack([layer.train()(x) for _ in range(DRAWS)]), quiet)


@pytest.mark.parametrize("places", PLACES, ids="+".join)
def test_a_layer_is_like_itself_whatever_it_draws(places):
    for seed in range(1, 6):
        assert is_alike(measured(places, seed), measured(places, seed + 50))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(PLACES, 2)))
def test_dropout_at_another_place_is_not_alike(one, other):
    assert not is_alike(measured(one, 1), measured(other, 2))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"output": torch.zeros(40, 5, 8)},
        {"output": torch.zeros(40, 5, 7, dtype=torch.int64)},
        {"output": torch.tensor(0.0)},
    ],
)
def test_a_layer_that_answers_otherwise_when_it_is_asked_again_is_like_nothing(answer):
    run = Run(torch.zeros(40, 5, 7, dtype=torch.float64))
    record = RunRecord(1, [], None, True, 1, (), False, None, None, run=run)
    examination = Examination.__new__(Examination)
    examination.loaded = SimpleNamespace(ask=lambda *_: ({}, answer))
    examination._disturbances = {}
    assert not examination._same_draws(None, record)
