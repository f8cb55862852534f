"""A student's parameters are matched with the reference's by name, by words, by shape."""

import pytest
import torch
from torch import nn

from autograder.trusted.matching import match_parameters
from autograder.trusted.parameters import Match, Parameter, Reading, words_of
from autograder.trusted.tree_matching import TREE_READINGS_MAX, match_tree, plausible_numbers

ROLES = {"query": ["q", "wq"], "key": ["k"], "value": ["v"], "ln": ["norm"]}


def parameters(*entries):
    return [Parameter(name, shape, owner) for name, shape, owner in entries]


def linear(name, rows, columns):
    return [(f"{name}.weight", (rows, columns), "Linear"), (f"{name}.bias", (rows,), "Linear")]


REFERENCE = parameters(
    *linear("query", 6, 6), *linear("key", 6, 6), *linear("value", 6, 6),
    ("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm"),
)  # fmt: skip


def values():
    return {p.name: torch.randn(p.shape) for p in REFERENCE}


def sources(student):
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert match.complete
    return {name: source.names for name, source in match.readings[0].sources.items()}


def test_equal_names_are_one_reading():
    student = [(p.name, p.shape, p.owner) for p in REFERENCE]
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert len(match.readings) == 1
    assert not match.readings[0].renamed


def test_words_in_a_name_beat_the_order_of_registration():
    student = [*linear("v_proj", 6, 6), *linear("k_proj", 6, 6), *linear("q_proj", 6, 6),
               ("norm.gamma", (6,), "Norm"), ("norm.beta", (6,), "Norm")]  # fmt: skip
    found = sources(student)
    assert found["q_proj.weight"] == ("query.weight",)
    assert found["v_proj.bias"] == ("value.bias",)
    assert found["norm.beta"] == ("ln.bias",)


def test_names_that_say_nothing_are_read_in_every_order():
    student = [*linear("a", 6, 6), *linear("b", 6, 6), *linear("c", 6, 6),
               ("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm")]  # fmt: skip
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    firsts = {reading.sources["a.weight"].names for reading in match.readings}
    assert firsts == {("query.weight",), ("key.weight",), ("value.weight",)}
    for reading in match.readings:
        matrix, bias = (reading.sources[f"a.{part}"].names[0] for part in ("weight", "bias"))
        assert matrix.partition(".")[0] == bias.partition(".")[0]


def test_a_packed_matrix_is_read_as_its_parts_block_by_block_and_head_by_head():
    student = [
        *linear("qkv", 18, 6),
        ("ln.weight", (6,), "LayerNorm"),
        ("ln.bias", (6,), "LayerNorm"),
    ]
    match = match_parameters(parameters(*student), REFERENCE, ROLES, head_counts=[3])
    given = values()
    shapes = {"qkv.weight": (18, 6), "qkv.bias": (18,), "ln.weight": (6,), "ln.bias": (6,)}
    blocks, heads = (reading.translate(given, shapes) for reading in match.readings)
    assert torch.equal(blocks["qkv.weight"][6:12], given["key.weight"])
    assert torch.equal(heads["qkv.weight"][2:4], given["key.weight"][:2])


def test_own_matrices_may_stand_the_other_way_round():
    student = [("W_q", (6, 6), "Mine"), ("b_q", (6,), "Mine"), *linear("key", 6, 6),
               *linear("value", 6, 6), ("ln.weight", (6,), "LayerNorm"),
               ("ln.bias", (6,), "LayerNorm")]  # fmt: skip
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert {r.sources["W_q"].transposed for r in match.readings} == {False, True}
    assert {r.sources["key.weight"].transposed for r in match.readings} == {False}


@pytest.mark.parametrize("names", ["w{}", "{}_weight", "W_{}", "{}.weight"])
@pytest.mark.parametrize("letters", ["oqkv", "ovkq", "xyzt", "tzyx"])
@pytest.mark.parametrize("biases_first", [False, True])
def test_a_bias_belongs_to_the_matrix_of_its_name_in_whatever_order_they_stand(
    names, letters, biases_first
):
    biases = {"w{}": "b{}", "{}_weight": "{}_bias", "W_{}": "b_{}", "{}.weight": "{}.bias"}[names]
    reference = [*REFERENCE, *parameters(*linear("final_linear", 6, 6))]
    roles = {**ROLES, "key": ["k", "wk"], "value": ["v", "wv"], "final_linear": ["o", "wo"]}
    matrices = [(names.format(letter), (6, 6), "Mine") for letter in letters]
    vectors = [(biases.format(letter), (6,), "Mine") for letter in letters]
    norm = [("n.weight", (6,), "LayerNorm"), ("n.bias", (6,), "LayerNorm")]
    student = [*norm, *vectors, *matrices] if biases_first else [*matrices, *vectors, *norm]
    match = match_parameters(parameters(*student), reference, roles)
    assert match.complete
    for reading in match.readings:
        assert reading.sources["n.bias"].names == ("ln.bias",)
        for letter in letters:
            matrix, bias = (
                reading.sources[name.format(letter)].names[0] for name in (names, biases)
            )
            assert matrix.partition(".")[0] == bias.partition(".")[0]
    # What says who it is goes first; what does not is tried in every place.
    firsts = [reading.sources[names.format(letters[0])].names[0] for reading in match.readings]
    assert firsts[0] == "final_linear.weight" if "o" in letters else len(set(firsts)) == 4


def test_maps_between_two_widths_are_tried_both_ways_round_and_as_they_stand_first():
    norm = [("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm")]
    reference = parameters(*linear("fc1", 8, 6), *linear("fc2", 6, 8), *norm)
    student = [("v", (6,), "Mine"), ("t", (6,), "Mine"), ("u", (6,), "Mine"),
               ("b.weight", (6, 8), "Linear"), *linear("a", 8, 6)]  # fmt: skip
    match = match_parameters(parameters(*student), reference, {})
    first = match.readings[0].sources
    assert first["a.weight"].names == ("fc1.weight",)
    assert first["a.bias"].names == ("fc1.bias",)
    assert not any(source.transposed for source in first.values())
    vectors = {tuple(r.sources[name].names[0] for name in "tuv") for r in match.readings}
    assert len(vectors) == 6
    own = [("w1", (6, 8), "Mine"), ("b1", (8,), "Mine"), ("w2", (8, 6), "Mine"),
           ("b2", (6,), "Mine"), *norm]  # fmt: skip
    match = match_parameters(parameters(*own), reference, {})
    assert any(r.sources["w1"].names == ("fc1.weight",) and r.sources["w1"].transposed
               and r.sources["w2"].names == ("fc2.weight",) for r in match.readings)  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ((3, 2, 6), lambda w: w.reshape(3, 2, 6)),
        ((3, 6, 2), lambda w: w.reshape(3, 2, 6).transpose(1, 2)),
        ((6, 3, 2), lambda w: w.T.reshape(6, 3, 2)),
    ],
)
def test_heads_may_have_an_axis_of_their_own(shape, value):
    student = [
        entry
        for letter in "qkv"
        for entry in ((f"w_{letter}", shape, "Mine"), (f"b_{letter}", (3, 1, 2), "Mine"))
    ]
    student += [("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES, head_counts=[3])
    assert match.complete
    given, shapes = values(), {name: shape for name, shape, _ in student}
    made = match.readings[0].translate(given, shapes)
    assert torch.equal(made["w_k"], value(given["key.weight"]))
    assert torch.equal(made["b_k"], given["key.bias"].reshape(3, 1, 2))


def test_three_matrices_in_one_tensor_are_read_both_ways_round():
    student = [("w", (3, 6, 6), "Mine"), ("b", (3, 6), "Mine")]
    student += [("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES, head_counts=[3])
    given, shapes = values(), {name: shape for name, shape, _ in student}
    keys = [reading.translate(given, shapes)["w"][1] for reading in match.readings]
    assert any(torch.equal(key, given["key.weight"]) for key in keys)
    assert any(torch.equal(key, given["key.weight"].T) for key in keys)


def test_a_list_with_a_matrix_for_each_head_is_one_matrix_cut_into_heads():
    student = [(f"w_{x}.{head}", (6, 2), "ParameterList") for x in "qkv" for head in range(3)]
    student += [(f"b_{x}.{head}", (2,), "ParameterList") for x in "qkv" for head in range(3)]
    student += [("ln.weight", (6,), "LayerNorm"), ("ln.bias", (6,), "LayerNorm")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES, head_counts=[3])
    given, shapes = values(), {name: shape for name, shape, _ in student}
    made = match.readings[0].translate(given, shapes)
    assert torch.equal(made["w_k.1"], given["key.weight"][2:4].T)
    assert torch.equal(made["b_k.1"], given["key.bias"][2:4])


def test_what_is_too_much_is_named_by_its_own_shape():
    student = [(p.name, p.shape, p.owner) for p in REFERENCE] + [("kinds", (2, 6), "Mine")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES, head_counts=[3])
    assert [(p.name, p.shape) for p in match.surplus] == [("kinds", (2, 6))]


def test_layers_of_two_kinds_are_read_each_its_own_way():
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))

    class Other(One):
        pass

    class Tree(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.third = One(), Other(), One()

    student = [Parameter(f"{place}.{name}", (6,), "Mine") for place in "abc" for name in "xy"]
    places = {"a": "One", "b": "Other", "c": "One"}
    match = match_tree(student, places, Tree(), {"One": {}, "Other": {}})
    found = [[r.sources[f"{place}.x"].names[0] for place in "abc"] for r in match.readings]
    # Two layers of one kind are written alike; another kind is not bound to them.
    assert found == [
        ["first.gain", "second.gain", "third.gain"],
        ["first.shift", "second.gain", "third.shift"],
        ["first.gain", "second.shift", "third.gain"],
        ["first.shift", "second.shift", "third.shift"],
    ]


def test_the_ways_to_read_many_kinds_of_layers_are_bounded():
    kinds = [[Match([Reading({}, renamed=True)] * 48)] for _ in range(6)]
    found = plausible_numbers(kinds)
    assert len(found) == len(set(found)) == TREE_READINGS_MAX
    assert found[0] == (0,) * 6
    # One kind that is read in an unlikely way comes before several that are read in likelier ones.
    assert found.index((0, 0, 0, 20, 0, 0)) < TREE_READINGS_MAX


@pytest.mark.parametrize("dropped", ["key.bias", "ln.weight", "value.weight"])
def test_what_is_missing_is_named(dropped):
    student = [(p.name, p.shape, p.owner) for p in REFERENCE if p.name != dropped]
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert [p.name for p in match.missing] == [dropped]


def test_what_is_too_much_is_named():
    student = [(p.name, p.shape, p.owner) for p in REFERENCE] + [("extra.weight", (6, 6), "Linear")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert [p.name for p in match.surplus] == ["extra.weight"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("attn.qProj.weight", {"attn", "q", "proj", "weight"}), ("linear_1", {"linear", "1"}),
     ("W_q2", {"w", "q2", "q"})],
)  # fmt: skip
def test_names_are_cut_into_words(name, words):
    assert words <= words_of(name)


def test_parameters_without_axes_are_superfluous_like_others():
    student = [(p.name, p.shape, p.owner) for p in REFERENCE]
    student += [("scales.0", (), "ParameterList"), ("scales.1", (), "ParameterList")]
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert [p.name for p in match.surplus] == ["scales.0", "scales.1"]


def test_thousands_of_telling_names_are_not_compared_each_with_each():
    student = [(f"query.w{number}", (6, 6), "Attention") for number in range(4000)]
    match = match_parameters(parameters(*student), REFERENCE, ROLES)
    assert len(match.surplus) == 4000
