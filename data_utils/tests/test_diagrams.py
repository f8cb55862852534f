"""What the diagrams promise, as far as a renderer can tell; whether they are clear is for eyes."""

import io
import itertools

import numpy as np
import pytest

from data_utils.diagrams import INPUT_IDS, NAMES, draw
from data_utils.diagrams_with_numbers import REAL, TOKENS

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle  # noqa: E402 (after its backend)

EVERY_NAME = pytest.mark.parametrize("name", NAMES)
NOTEBOOK_WIDTH = 8.0  # inches
TEXT_SIZE_MIN = 8.0  # points


def render(figure, **settings):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60, **settings)
    return buffer.getvalue()


def read_pixels(png):
    return matplotlib.pyplot.imread(io.BytesIO(png))


def find_extents(name):
    """Return (text, its box in pixels) of all words, and the renderer's figure."""
    figure = draw(name)
    figure.canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    return figure, [(text.get_text(), text.get_window_extent()) for text in texts]


def test_there_are_the_five_diagrams_of_the_notebook():
    assert NAMES == ("model", "encoder_block", "attention", "masking", "embedding")


def test_an_unknown_name_is_told_with_the_names_there_are():
    with pytest.raises(ValueError) as told:
        draw("decoder")
    assert str(told.value) == (
        "there is no diagram 'decoder': the names are model, encoder_block, attention, masking, "
        "embedding"
    )


@EVERY_NAME
def test_no_words_overlap_and_none_leave_the_sheet(name):
    figure, words = find_extents(name)
    assert words
    for (one, first), (other, second) in itertools.combinations(words, 2):
        assert not first.overlaps(second), f"{one!r} and {other!r} overlap"
    for text, extent in words:
        assert figure.bbox.x0 <= extent.x0 and extent.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= extent.y0 and extent.y1 <= figure.bbox.y1, text


@EVERY_NAME
@pytest.mark.slow
def test_words_lie_wholly_inside_a_box_or_wholly_outside(name):
    figure, words = find_extents(name)
    boxes = [p for p in figure.axes[0].patches if isinstance(p, FancyBboxPatch | Rectangle)]
    for box, (text, extent) in itertools.product(boxes, words):
        frame = box.get_window_extent()
        inside = all(frame.contains(x, y) for x, y in (extent.min, extent.max))
        assert inside or not frame.overlaps(extent), f"{text!r} crosses the edge of a box"


@EVERY_NAME
@pytest.mark.slow
def test_no_arrow_runs_through_words(name):
    figure, words = find_extents(name)
    axes = figure.axes[0]
    for arrow in (p for p in axes.patches if isinstance(p, FancyArrowPatch)):
        line = axes.transData.transform_path(arrow._path_original)
        for text, extent in words:
            assert not line.intersects_bbox(extent, filled=False), f"an arrow crosses {text!r}"


@EVERY_NAME
def test_a_diagram_is_as_wide_as_a_notebook_and_its_words_can_be_read(name):
    figure = draw(name)
    assert figure.get_figwidth() == NOTEBOOK_WIDTH
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= TEXT_SIZE_MIN


@EVERY_NAME
@pytest.mark.slow
def test_the_same_name_gives_the_same_bytes(name):
    assert render(draw(name)) == render(draw(name))


@EVERY_NAME
@pytest.mark.slow
def test_a_diagram_looks_the_same_in_a_dark_notebook(name):
    in_light = render(draw(name))
    with matplotlib.style.context("dark_background"), matplotlib.rc_context({"font.size": 20}):
        assert render(draw(name)) == in_light
        transparent = read_pixels(render(draw(name), transparent=True))
    # Opaque to the last pixel of a row or column, which rounding may leave half covered.
    assert (transparent[1:-1, 1:-1, 3] == 1.0).all()


@EVERY_NAME
def test_no_figure_stays_open_and_no_setting_changes(name):
    before = dict(matplotlib.rcParams)
    draw(name)
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def read_grid(name, columns):
    """Return the numbers written in a diagram, left to right and top to bottom within a grid."""
    cells = []
    for text in draw(name).axes[0].texts:
        words = text.get_text().replace("∞", "inf")
        try:
            cells.append((text.get_position(), float(words)))
        except ValueError:
            continue
    left = [value for (x, _), value in cells if x < 4]
    right = [value for (x, _), value in cells if x > 4]
    return np.array(left).reshape(-1, columns), np.array(right).reshape(-1, columns)


def test_the_drawn_weights_are_softmax_of_the_drawn_scores():
    scores, weights = read_grid("masking", 8)
    powers = np.exp(scores)
    assert np.isneginf(scores[:, 6:]).all() and np.isfinite(scores[:, :6]).all()
    assert np.abs(weights - powers / powers.sum(axis=1, keepdims=True)).max() <= 0.0051
    assert (weights[:, 6:] == 0).all()


def test_the_drawn_sum_is_that_of_the_drawn_vectors_and_its_columns_are_normalised():
    left, right = read_grid("embedding", 5)
    words, summed = left[1:5], left[5:]  # after the row of ids
    positions, normal = right[1:5], right[5:]
    assert np.allclose(words + positions, summed)
    assert (words[:, 1] == words[:, 2]).all()
    assert np.abs(normal.mean(axis=0)).max() < 0.006
    assert np.abs(normal.var(axis=0) - 1).max() < 0.02


def test_every_token_of_the_example_has_an_id_and_padding_has_0():
    assert len(TOKENS) == len(INPUT_IDS)
    assert [token == "[PAD]" for token in TOKENS] == [number == 0 for number in INPUT_IDS]
    assert TOKENS.index("[PAD]") == REAL
