"""What the three pictures promise; how they look is for eyes."""

import io

import numpy as np
import pytest
import torch

from data_utils.errors import DataProblem
from data_utils.history import History
from data_utils.plots import plot_attention, plot_history, plot_lengths

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

HISTORY = History([0.6, 0.4, 0.2], [0.6, 0.8, 0.9], [0.5, 0.45, 0.6], [0.7, 0.8, 0.75])
TOKENS = "[CLS] it cost $ 5 , not $ 4 [SEP]".split()


def attention(H=3, T=10):
    generator = torch.Generator().manual_seed(0)
    return torch.softmax(torch.randn(H, T, T, generator=generator), dim=-1)


DRAWINGS = {
    "history": lambda: plot_history(HISTORY),
    "one epoch": lambda: plot_history(History([0.6], [0.6], [0.5], [0.7])),
    "attention": lambda: plot_attention(attention().requires_grad_(), TOKENS),
    "one head": lambda: plot_attention(attention(1).numpy(), TOKENS),
    "many tokens": lambda: plot_attention(attention(2, 60), ["word"] * 60),
    "lengths": lambda: plot_lengths([3, 5, 5, 8, 40], max_length=30),
    "equal lengths": lambda: plot_lengths(np.full(9, 7)),
}
EVERY_DRAWING = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)


def render(figure, **settings):
    """Return the picture's pixels, (height, width, 4) between 0 and 1."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=30, **settings)
    buffer.seek(0)
    return matplotlib.pyplot.imread(buffer)


@EVERY_DRAWING
@pytest.mark.slow
def test_a_picture_looks_the_same_in_a_dark_notebook(draw):
    in_light = render(draw())
    with matplotlib.style.context("dark_background"):
        in_dark = render(draw())
        transparent = render(draw(), transparent=True)
    assert np.array_equal(in_light, in_dark)
    # Opaque to the last pixel of a row or column, which rounding may leave half covered.
    assert (transparent[1:-1, 1:-1, 3] == 1.0).all()


@EVERY_DRAWING
def test_every_axis_that_shows_something_is_labelled(draw):
    figure = draw()
    shared = figure.get_supxlabel() and figure.get_supylabel()
    for axis in figure.axes:
        if axis.axison and not shared:
            assert axis.get_xlabel()
            assert axis.get_ylabel()


@EVERY_DRAWING
def test_no_figure_stays_open_and_no_setting_changes(draw):
    before = dict(matplotlib.rcParams)
    draw()
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_the_history_shows_its_numbers_and_rings_the_best_epoch():
    figure = plot_history(HISTORY)
    loss, accuracy = figure.axes
    drawn = [list(line.get_ydata()) for line in (*loss.lines, *accuracy.lines)]
    assert drawn == [
        HISTORY.train_loss,
        HISTORY.val_loss,
        HISTORY.train_accuracy,
        HISTORY.val_accuracy,
    ]
    assert list(loss.lines[0].get_xdata()) == [1, 2, 3]
    assert loss.collections[0].get_offsets().tolist() == [[2, 0.45]]
    assert accuracy.collections[0].get_offsets().tolist() == [[2, 0.8]]


def test_heads_share_one_colour_scale_and_rows_are_queries():
    weights = attention()
    squares = [axis.images[0] for axis in plot_attention(weights, TOKENS).axes if axis.images]
    assert len({image.get_clim() for image in squares}) == 1
    for head, image in enumerate(squares[:3]):
        assert np.allclose(image.get_array(), weights[head])


def test_tokens_are_written_as_they_are():
    axis = plot_attention(attention(1), TOKENS).axes[0]
    names = [label.get_text().replace("\\$", "$") for label in axis.get_xticklabels()]
    assert names == TOKENS


def test_lengths_count_every_tweet_once_and_say_how_many_are_cut():
    lengths = np.random.default_rng(0).integers(3, 90, size=1000)
    axis = plot_lengths(lengths, max_length=64).axes[0]
    assert sum(bar.get_height() for bar in axis.patches) == 1000
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert f"max_length 64: cuts {(lengths > 64).mean():.2%}".replace("%", " %") in legend[2]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot_history(History()), "no epoch of this history was finished"),
        (
            lambda: plot_attention(attention(2, 5), TOKENS),
            r"shape \(H, 10, 10\).* have \(2, 5, 5\)",
        ),
        (lambda: plot_attention(attention()[None], TOKENS), r"have \(1, 3, 10, 10\)"),
        (lambda: plot_lengths([]), "a list of token counts"),
        (lambda: plot_lengths([[1, 2]]), "a list of token counts"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, message):
    with pytest.raises(DataProblem, match=message):
        draw()
