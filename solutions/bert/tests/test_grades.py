"""The reference wins all points, the stubs none; the same seed gives the same result."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "solutions" / "bert"


def lost(result):
    return [(c.id, c.message) for c in result.checks if c.points < c.max_points]


@pytest.mark.slow
def test_the_reference_wins_every_point_also_in_training(bert):
    result = bert.grade(REFERENCE, training=True)
    assert lost(result) == []
    assert result.score == result.max_score == 100


@pytest.mark.slow
def test_the_stubs_win_none(bert):
    result = bert.grade(ROOT / "assignments" / "bert", training=True)
    assert result.score == 0
    assert result.max_score == 100


@pytest.mark.slow
def test_one_layer_can_be_graded_alone(bert):
    result = bert.grade(REFERENCE, layers=("Pooler",))
    assert {c.layer for c in result.checks} == {"Pooler"}
    assert result.score == result.max_score == bert.kit.points_of("Pooler")


MODES = {
    # what forward does: (file, text before, text after, what is said)
    "detached in train mode": (
        "feed_forward",
        "self.dropout(self.fc2(hidden))",
        "self.dropout(self.fc2(hidden.detach() if self.training else hidden))",
        "receives no gradient in train mode",
    ),
    "another result where gradients are wanted": (
        "pooler",
        "return self.activation(", "return 0.5 * encoder_out.requires_grad + self.activation(",
        "where gradients are wanted forward computes something else",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.slow
def test_what_only_a_training_step_would_show_is_charged_to_its_layer(mode, bert, submit):
    name, before, after, said = MODES[mode]

    def changed(text):
        assert text.count(before) == 1
        return text.replace(before, after)

    folder = submit(**{name: changed})
    found = lost(bert.grade(folder, layers=tuple(bert.kit.by_name)))
    assert [check.partition(".")[0] for check, _ in found] == [name], found
    assert said in found[0][1]


@pytest.mark.slow
@pytest.mark.parametrize("eps", ["1e-5", "1e-6"])
def test_torchs_own_eps_costs_the_check_of_eps_and_no_other(eps, bert, submit):
    def with_eps(text):
        return text.replace("eps=layer_norm_eps", f"eps={eps}")

    folder = submit(embedding=with_eps, attention=with_eps, feed_forward=with_eps)
    for seed in range(3):
        found = [check for check, _ in lost(bert.grade(folder, seed=seed))]
        assert found == [
            f"{name}.quiet_rows_show_the_right_eps"
            for name in ("embedding", "attention", "feed_forward")
        ], f"seed {seed}"


@pytest.mark.slow
@pytest.mark.long
def test_twenty_runs_with_one_seed_give_one_result(bert, submit):
    folder = submit(attention=lambda text: text.replace("dim=-1)", "dim=-2)"))
    first = bert.grade(folder, seed=11).checks
    assert lost(bert.grade(folder, seed=11))
    for _ in range(18):
        assert bert.grade(folder, seed=11).checks == first


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, pytest.param(50, marks=pytest.mark.long)])
def test_a_correct_solution_wins_every_point_under_many_seeds(seeds, bert, tmp_path):
    folder = tmp_path / "submission"
    shutil.copytree(
        Path(__file__).parent / "submissions" / "correct" / "bert_first_release_mask", folder
    )
    for layer in bert.kit.layers:
        if not (folder / layer.file).exists():
            shutil.copy(REFERENCE / layer.file, folder)
    for seed in range(seeds):
        assert lost(bert.grade(folder, seed=seed)) == [], f"seed {seed}"


@pytest.mark.slow
def test_the_same_training_gives_the_same_result(bert):
    first, second = (
        bert.grade(REFERENCE, seed=3, training=True, layers=("EndToEnd",)) for _ in "ab"
    )
    assert first.checks == second.checks
