"""Which tensors would stay on the CPU when a layer moves to a GPU, found out without a GPU."""

import pytest
import torch
from torch import nn

from autograder.untrusted.elsewhere import Watch, find_mixture

DEVICE = torch.device("cpu")  # a notebook's own: the GPU where there is one
MADE_BEFORE = torch.arange(3.0)


class Layer(nn.Module):
    """Gives x plus what a function of it makes, in a way of its own."""

    def __init__(self, make, keep=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.make = make
        if keep is not None:
            keep(self)

    def forward(self, x, mask=None):
        return self.make(self, x) + self.weight


def mixture(make, keep=None):
    watch = Watch()
    with watch:
        layer = Layer(make, keep)
    return find_mixture(watch, layer, [torch.ones(2, 3), torch.ones(2)], [])


def keep_plain(layer):
    layer.kept = torch.arange(3)


def keep_buffer(layer):
    layer.register_buffer("kept", torch.arange(3))


def keep_on_device(layer):
    layer.kept = torch.arange(3).to(DEVICE)


def move_when_needed(layer, x):
    if layer.kept.device != x.device:
        layer.kept = layer.kept.to(x.device)
    return x + layer.kept


def move_on_a_gpu(layer, x):
    kept = layer.kept.cuda() if x.is_cuda else layer.kept
    return x + kept


def write_into(layer, x):
    made = torch.zeros(2, 3)
    made[:, 0] = x[:, 0]
    return made


def made_under_a_device(_, x):
    with x.device:
        return x + torch.zeros(3)


STAYS = {
    "made without a device": (lambda _, x: x + torch.zeros(3), None, "add"),
    "kept as a plain attribute": (lambda s, x: x + s.kept, keep_plain, "add"),
    "a part of a plain attribute": (lambda s, x: x * s.kept[:3].float(), keep_plain, "mul"),
    "looked up by ids left behind": (
        lambda s, x: x + nn.functional.embedding(torch.arange(3), s.weight[:, None])[..., 0],
        None, "embedding"),
    "a table left behind, asked by the input": (
        lambda _, x: torch.zeros(4, 3)[x.long()[:, 0]], None, "getitem"),
    "beside one that is made where the input is": (
        lambda _, x: x + torch.zeros(3, device=x.device) + torch.zeros(3), None, "add"),
    "of another type, as it was": (
        lambda _, x: x + torch.zeros(3).type(torch.float64), None, "add"),
    "a mask left behind": (
        lambda _, x: x.masked_fill(torch.ones(2, 3) == 0, 0.0), None, "masked_fill"),
    "noise drawn on the CPU in train mode": (
        lambda s, x: x * (torch.rand(x.shape) > 0.5) if s.training else x, None, "mul"),
    "joined with what was left behind": (
        lambda _, x: torch.cat([x, torch.zeros(2, 3)])[:2], None, "cat"),
    "written into what was left behind": (write_into, None, "add"),
}  # fmt: skip
MOVES = {
    "a buffer": (lambda s, x: x + s.kept, keep_buffer),
    "a number": (lambda _, x: x / torch.tensor(2.0), None),
    "made where the input is": (lambda _, x: x + torch.zeros(3, device=x.device), None),
    "made like the input": (lambda _, x: x + torch.zeros_like(x) + x.new_ones(3), None),
    "moved to the input": (lambda _, x: x + torch.zeros(3).to(x), None),
    "moved to the input's device": (lambda s, x: x + s.kept.to(x.device), keep_plain),
    "of the input's type": (lambda _, x: x + torch.zeros(3).type_as(x), None),
    "kept on a device of the notebook's": (lambda s, x: x + s.kept, keep_on_device),
    "made on a device of the notebook's": (lambda _, x: x + torch.zeros(3, device=DEVICE), None),
    "made before the class": (lambda _, x: x + MADE_BEFORE, None),
    "the input indexed by ids left behind": (lambda _, x: x[torch.arange(2)], None),
    "moved when the input is on a GPU": (move_on_a_gpu, keep_plain),
    "moved when the input lies elsewhere": (
        lambda _, x: x + (MADE_BEFORE.cuda() if x.device.type == "cuda" else torch.zeros(3)), None),
    "of the input's type, in words": (lambda _, x: x + torch.zeros(3).type(x.type()), None),
    "moved when it lies elsewhere": (move_when_needed, keep_plain),
    "made by words alone, on the input's device": (
        lambda _, x: x + torch.zeros(size=(3,), device=x.device), None),
    "made where a device is set for all": (made_under_a_device, None),
    "counted from the input": (lambda _, x: x + torch.ones_like(x).cumsum(1), None),
    "copied into a place of the input's": (lambda _, x: x.clone().copy_(torch.zeros(2, 3)), None),
}  # fmt: skip


@pytest.mark.parametrize("case", STAYS)
def test_what_stays_behind_is_found_by_the_operation_that_would_fail(case):
    make, keep, name = STAYS[case]
    assert mixture(make, keep) == name


@pytest.mark.parametrize("case", MOVES)
def test_what_moves_or_is_given_a_device_is_right(case):
    assert mixture(*MOVES[case]) == ""


def test_a_tensor_left_behind_that_is_handed_to_a_part_is_found():
    class Part(nn.Module):
        def forward(self, x, mask):
            calls.append((self, {"x": x, "mask": mask}))
            return x

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Part()

        def forward(self, x):
            return self.part(x, torch.ones(2, 3))

    calls = []
    watch = Watch()
    with watch:
        whole = Whole()
    assert find_mixture(watch, whole, [torch.ones(2, 3)], calls) == "what it hands on"


def test_a_layer_that_takes_its_tensors_along_itself_is_right():
    class Mover(Layer):
        def _apply(self, function, recurse=True):
            self.kept = function(self.kept)
            return super()._apply(function, recurse)

    watch = Watch()
    with watch:
        layer = Mover(lambda s, x: x + s.kept, keep_plain)
    assert find_mixture(watch, layer, [torch.ones(2, 3)], []) == ""


def test_a_layer_that_fails_says_what_it_had_mixed_until_then():
    def fail(_, x):
        x + torch.zeros(3)
        raise ValueError

    assert mixture(fail) == "add"
    assert mixture(lambda *_: 1 / 0) == ""
