"""The two diagrams whose numbers are computed, not drawn: masking and embedding.

Runs in a notebook or a script; called by `diagrams.draw`. The inputs are made up, small enough to
check by eye; softmax and LayerNorm are then really applied to them.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_utils.diagram_parts import DATA, NORMALISING, NOTE_SIZE, Sheet, tint
from data_utils.plots import TRAIN, VALIDATION

# A tweet as bert-base-uncased cuts it up, in a batch with longer ones.
TOKENS = ("[CLS]", "not", "bad", "at", "all", "[SEP]", "[PAD]", "[PAD]")
REAL = 6  # tokens that are no padding

# Scores, already divided by the root of D, of a head that looks for what "not" negates.
SCORES = np.array(
    [
        [0.4, 1.2, 1.6, -0.3, 0.1, 0.2, 0.9, 0.9],
        [-0.2, 0.3, 2.1, 0.0, 0.8, -0.5, 1.1, 1.1],
        [0.1, 1.9, 0.5, -0.4, 0.6, -0.1, 0.8, 0.8],
        [-0.3, 0.2, 0.7, 0.1, 1.3, 0.0, 1.0, 1.0],
        [0.0, 0.9, 1.1, 0.8, 0.2, -0.2, 0.7, 0.7],
        [0.6, 0.3, 0.4, -0.1, 0.0, 0.5, 1.2, 1.2],
        [0.3, 0.5, 0.2, 0.1, -0.3, 0.4, 0.6, 0.6],
        [0.3, 0.5, 0.2, 0.1, -0.3, 0.4, 0.6, 0.6],
    ]
)
WORDS = ("[CLS]", "so", "so", "good", "[SEP]")
WORD_IDS = (101, 2061, 2061, 2204, 102)
WORD_VECTORS = {  # C = 4
    "[CLS]": (0.9, -0.3, 0.2, 0.5),
    "so": (-0.4, 0.8, 0.6, -0.2),
    "good": (0.3, 1.0, -0.7, 0.8),
    "[SEP]": (-0.6, -0.5, 0.1, 0.7),
}
POSITION_VECTORS = np.array(
    [
        [0.2, 0.3, -0.4, 0.1],
        [-0.3, 0.5, 0.0, 0.4],
        [0.6, -0.2, 0.3, -0.5],
        [0.0, -0.4, 0.5, 0.2],
        [-0.2, 0.1, -0.1, -0.6],
    ]
)


def draw_masking() -> Any:
    """Draw one head's scores with the padded keys hidden, and what softmax makes of them."""
    sheet = Sheet(height=5.3)
    scores = SCORES.copy()
    scores[:, REAL:] = -math.inf
    side, top = 0.385, 1.2
    bottom = top + len(scores) * side
    grids = (
        (0.66, "scores, padded keys at -∞", "row: the token that looks (query)", scores),
        (4.72, "softmax of each row", "column: the token looked at (key)", _softmax(scores)),
    )
    for left, title, subtitle, values in grids:
        sheet.write(left + 4 * side, 0.22, title, bold=True)
        sheet.note(left + 4 * side, 0.47, subtitle, align="center")
        for place, token in enumerate(TOKENS):
            middle = (place + 0.5) * side
            sheet.write(left + middle, 0.92, token, size=NOTE_SIZE, rotation=90)
            sheet.write(left - 0.07, top + middle, token, size=NOTE_SIZE, align="right")
        hidden = set(range(REAL, len(TOKENS)))
        largest, digits = (2.1, 1) if values is scores else (0.6, 2)
        _fill_grid(sheet, left, top, (side, side), values, largest, digits, hidden)
    sheet.note(0.66, bottom + 0.25, "att_mask is 0 at the last two tokens:")
    sheet.note(0.66, bottom + 0.45, "no query may look at them")
    sheet.note(4.72, bottom + 0.25, "every row sums to 1, over the real keys")
    sheet.note(4.72, bottom + 0.45, "[PAD] rows are computed too: the mask")
    sheet.note(4.72, bottom + 0.65, "hides keys, never queries")
    return sheet.figure


def draw_embedding() -> Any:
    """Draw how token ids become vectors: word plus position, LayerNorm, dropout."""
    sheet = Sheet(height=5.55)
    width, height = 0.5, 0.26
    left, right, middle = 0.75, 4.75, 4.0
    n_tokens, size = POSITION_VECTORS.shape
    words = np.array([WORD_VECTORS[word] for word in WORDS])
    ids = [str(number) for number in WORD_IDS]
    places = [str(place) for place in range(n_tokens)]
    summed = words + POSITION_VECTORS

    for start, title, below, labels in (
        (left, "word_embeddings", "a vector of C numbers for each id", (WORDS, ids)),
        (right, "position_embeddings", "a vector for each place, from 0", (WORDS, places)),
    ):
        sheet.write(start, 0.2, title, mono=True, align="left")
        sheet.note(start, 0.42, below)
        for line, texts in enumerate(labels):
            sheet.row_of_cells(
                start, 0.6 + line * height, width, height, texts, [NORMALISING] * n_tokens
            )
    sheet.shape(left - 0.1, 0.99, "id", align="right")
    sheet.shape(right - 0.1, 0.99, "place", align="right")
    grid_top, cells = 1.3, (width, height)
    _fill_grid(sheet, left, grid_top, cells, words.T, largest=1.5)
    _fill_grid(sheet, right, grid_top, cells, POSITION_VECTORS.T, largest=1.5)
    sheet.shape(left - 0.1, grid_top + 2 * height, "C = 4", align="right")
    y = grid_top + size * height / 2
    sheet.arrow((left + n_tokens * width + 0.05, y), (middle - 0.13, y))
    sheet.arrow((right - 0.05, y), (middle + 0.13, y))
    sheet.plus(middle, y)
    sheet.note(left, 2.54, "both “so” have the same vector ...")
    sheet.note(right, 2.54, "every tweet of the batch gets these")

    second_top = 3.3
    y = second_top + size * height / 2
    center = left + n_tokens * width / 2
    sheet.arrow((middle, 1.95), (middle, 2.85), (center, 2.85), (center, second_top - 0.05))
    _fill_grid(sheet, left, second_top, cells, summed.T, largest=1.5)
    sheet.note(left, second_top + size * height + 0.2, "... until their places are added")
    sheet.arrow((left + n_tokens * width + 0.05, y), (middle - 0.5, y))
    sheet.box(middle, y, 1.0, 0.36, "LayerNorm", fill=NORMALISING)
    sheet.arrow((middle + 0.5, y), (right - 0.05, y))
    _fill_grid(sheet, right, second_top, cells, _normalise(summed).T, largest=2.0, digits=2)
    bottom = second_top + size * height
    sheet.note(right, second_top - 0.18, "each column: mean 0, variance 1")
    center = right + n_tokens * width / 2
    sheet.arrow((center, bottom + 0.05), (center, bottom + 0.4))
    sheet.box(center, bottom + 0.58, 1.2, 0.36, "Dropout", fill=DATA)
    sheet.arrow((center - 0.6, bottom + 0.58), (middle + 0.5, bottom + 0.58))
    sheet.shape(middle + 0.4, bottom + 0.58, "(B, T, C)", align="right")
    return sheet.figure


def _fill_grid(
    sheet: Sheet,
    left: float,
    top: float,
    cell: tuple[float, float],
    values: NDArray[Any],
    largest: float,
    digits: int = 1,
    hidden_columns: Collection[int] = (),
) -> None:
    """Draw a table of numbers, the deeper in colour the farther from 0; `cell` is its size."""
    width, height = cell
    for (row, column), value in np.ndenumerate(values):
        hidden = column in hidden_columns
        fill = NORMALISING if hidden else tint(float(value), largest, TRAIN, VALIDATION)
        place = (left + column * width, top + row * height)
        text = f"{round(float(value), digits) + 0.0:.{digits}f}"  # never -0.0
        if hidden:
            text = "-∞" if math.isinf(value) else "0"
        sheet.cell(*place, width, height, text=text, fill=fill)


def _softmax(scores: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights: NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
    return weights


def _normalise(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return LayerNorm of each row, as a fresh layer computes it."""
    mean = vectors.mean(axis=1, keepdims=True)
    normal: NDArray[Any] = (vectors - mean) / np.sqrt(vectors.var(axis=1, keepdims=True) + 1e-12)
    return normal
