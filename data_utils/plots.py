"""Three pictures: how training went, where attention looks, how long tweets are.

Runs in a notebook or a script; matplotlib is imported when the first picture is drawn. Each
function returns the Figure: as a notebook cell's last expression it shows itself, elsewhere
`figure.savefig("history.png")` keeps it.

A notebook may be light or dark, and a picture with a transparent background and black text is
unreadable in the dark. So every picture brings its own opaque pale background, and no colour is
left to the notebook's style.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from data_utils.errors import DataProblem
from data_utils.history import History

BACKGROUND, PANEL = "#f4f4f1", "#fbfbf9"
INK, FAINT = "#2b2b2b", "#d3d3cd"
# Blue and orange stay apart for every kind of colour blindness, and in grey.
TRAIN, VALIDATION = "#1f6fb2", "#d1680a"

# In inches; as wide as a notebook's column.
WIDTH = 8.0
TOKENS_LABELLED_MAX = 40  # more names than this along an axis run into each other


def plot_history(history: History) -> Any:
    """Draw loss and accuracy per epoch, in training and in validation; return the Figure.

    The epoch with the lowest validation loss, whose weights `checkpoint=` keeps, has a ring.
    """
    if not history.epochs:
        raise DataProblem("there is nothing to plot: no epoch of this history was finished")
    epochs = range(1, history.epochs + 1)
    best = history.val_loss.index(history.best_val_loss)
    panels = {
        "loss": (history.train_loss, history.val_loss),
        "accuracy": (history.train_accuracy, history.val_accuracy),
    }
    with _own_colours() as plt:
        figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.2), layout="constrained")
        for axis, (what, (training, validation)) in zip(axes, panels.items(), strict=True):
            axis.plot(epochs, training, "o-", color=TRAIN, markersize=4, label="training")
            axis.plot(epochs, validation, "s-", color=VALIDATION, markersize=4, label="validation")
            ring = {"s": 110, "facecolors": "none", "edgecolors": VALIDATION, "linewidths": 1.5}
            axis.scatter([best + 1], [validation[best]], label="lowest validation loss", **ring)
            axis.set(xlabel="epoch", ylabel=what, title=what.capitalize())
            axis.xaxis.get_major_locator().set_params(integer=True)
            if history.epochs == 1:
                axis.set_xticks([1])
        axes[0].set_ylabel("mean loss per tweet")
        axes[1].set_ylabel("share of tweets labelled right")
        axes[0].legend()
        _finish(figure, plt)
    return figure


def plot_attention(weights: Any, tokens: Sequence[str]) -> Any:
    """Draw one layer's attention weights, a square for each head; return the Figure.

    Arguments:
        weights: (H, T, T), a tensor or an array: row t says how much token t takes from each token,
            and sums to 1 (unless dropout was on).
        tokens: the T tokens, as `tokenizer.convert_ids_to_tokens` gives them.
    """
    values = _to_array(weights)
    T = len(tokens)
    if values.ndim != 3 or values.shape[1:] != (T, T) or not values.size:
        raise DataProblem(
            f"weights should have shape (H, {T}, {T}), one square for each head and as many rows "
            f"as tokens, and have {values.shape}"
        )
    H = len(values)
    columns = math.ceil(math.sqrt(H))
    rows = math.ceil(H / columns)
    side = max(WIDTH / columns, min(T, TOKENS_LABELLED_MAX) * 0.16)
    with _own_colours() as plt:
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(columns * side + 1.2, rows * side + 0.8),
            squeeze=False,
            layout="constrained",
        )
        image = None
        for head, axis in enumerate(axes.flat):
            if head >= H:
                axis.set_axis_off()
                continue
            # One scale for all heads, or a head that looks everywhere alike would look sharp.
            image = axis.imshow(values[head], cmap="Blues", vmin=0.0, vmax=values.max())
            axis.set_title(f"head {head}")
            axis.grid(visible=False)
            # Names along the outside only: the heads share their tokens.
            _name_tokens(axis, tokens, below=head + columns >= H, left=head % columns == 0)
        figure.colorbar(image, ax=axes, label="attention weight", shrink=0.7)
        figure.supxlabel("token that is looked at (key)", color=INK)
        figure.supylabel("token that looks (query)", color=INK)
        _finish(figure, plt)
    return figure


def plot_lengths(lengths: Sequence[int], max_length: int | None = None) -> Any:
    """Draw how many tweets have how many tokens; return the Figure.

    With `max_length` a line shows where tweets are cut, and the legend how many are.
    """
    counts = _to_array(lengths)
    if counts.ndim != 1 or not counts.size:
        raise DataProblem(f"lengths should be a list of token counts, and have {counts.shape}")
    median, long = np.percentile(counts, [50, 95])
    low, high = int(counts.min()), int(counts.max())
    # A bar covers whole numbers, each as many as the next.
    width = math.ceil((high - low + 1) / 60)
    edges = np.arange(low, high + width + 1, width) - 0.5
    with _own_colours() as plt:
        figure, axis = plt.subplots(figsize=(WIDTH, 3.4), layout="constrained")
        axis.hist(counts, bins=edges, color=TRAIN, edgecolor=PANEL, linewidth=0.5)
        axis.axvline(median, color=INK, linewidth=1.5, label=f"median: {median:.0f}")
        axis.axvline(long, color=INK, linewidth=1.5, linestyle="--", label=f"95 %: {long:.0f}")
        if max_length is not None:
            cut = float((counts > max_length).mean())
            label = f"max_length {max_length}: cuts {cut:.2%} of tweets".replace("%", " %")
            axis.axvline(max_length, color=VALIDATION, linewidth=1.5, label=label)
        axis.set(xlabel="tokens in a tweet", ylabel="tweets", title="Length of tweets")
        axis.legend()
        _finish(figure, plt)
    return figure


def _finish(figure: Any, plt: Any) -> None:
    """Paint the background and close the figure, which can be shown and saved all the same.

    Painted, because the figure's own background can be left out when it is saved, and some
    notebooks do. Closed, because a notebook would show an open one a second time, below the cell's
    value.
    """
    from matplotlib.patches import Rectangle

    whole = {"xy": (0, 0), "width": 1, "height": 1, "transform": figure.transFigure}
    figure.add_artist(Rectangle(**whole, facecolor=BACKGROUND, edgecolor="none", zorder=-10))
    plt.close(figure)


@contextmanager
def _own_colours() -> Iterator[Any]:
    """Give pyplot with this module's colours, and put the notebook's back afterwards."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    with mpl.rc_context():
        for setting, value in _STYLE.items():
            mpl.rcParams[setting] = value
        yield plt


_STYLE: dict[Any, Any] = {
    "figure.facecolor": BACKGROUND,
    "savefig.facecolor": BACKGROUND,
    "axes.facecolor": PANEL,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.facecolor": PANEL,
    "legend.edgecolor": FAINT,
    "legend.labelcolor": INK,
    "legend.fontsize": "small",
}


def _to_array(values: Any) -> np.ndarray[Any, Any]:
    """Return a float array of a list, an array or a tensor on whatever device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().float()
    return np.asarray(values, dtype=float)


def _name_tokens(axis: Any, tokens: Sequence[str], *, below: bool, left: bool) -> None:
    if len(tokens) > TOKENS_LABELLED_MAX:
        return  # matplotlib's own ticks: positions
    places = range(len(tokens))
    # A dollar sign would start a formula.
    names = [token.replace("$", r"\$") for token in tokens]
    none = [""] * len(tokens)
    axis.set_xticks(places, names if below else none, rotation=90, fontsize="small")
    axis.set_yticks(places, names if left else none, fontsize="small")
