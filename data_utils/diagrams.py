"""Five diagrams of the model of the exercise: `draw("model")` returns a matplotlib Figure.

Runs in a notebook or a script; matplotlib is imported when the first diagram is drawn. As a
notebook cell's last expression a Figure shows itself, elsewhere `figure.savefig("model.png")` keeps
it. The same name gives the same picture, byte for byte, whatever the notebook's settings are.

Names and letters are those of the exercise: B tweets of T tokens, C features, H heads of size D,
N blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data_utils.diagram_parts import (
    DATA,
    EACH_TOKEN,
    MIXING,
    NORMALISING,
    NOTE_SIZE,
    RESIDUAL,
    Sheet,
    blend,
)
from data_utils.diagrams_with_numbers import REAL, TOKENS, draw_embedding, draw_masking
from data_utils.errors import DataProblem

INPUT_IDS = (101, 2025, 2919, 2012, 2035, 102, 0, 0)  # of TOKENS


def draw(name: str) -> Any:
    """Return the diagram called `name`, one of NAMES; DataProblem for another name."""
    if name not in _DIAGRAMS:
        raise DataProblem(f"there is no diagram {name!r}: the names are {', '.join(NAMES)}")
    return _DIAGRAMS[name]()


def draw_model() -> Any:
    """Draw the whole model: token ids at the top, logits at the bottom."""
    sheet = Sheet(height=6.75)
    left, wide, x = 1.75, 0.6, 4.15
    rows = {
        "tokens": (TOKENS, 0.2),
        "input_ids": (tuple(map(str, INPUT_IDS)), 0.5),
        "attention_mask": (("1",) * REAL + ("0",) * (len(TOKENS) - REAL), 0.8),
    }
    fills = [DATA] * REAL + [NORMALISING] * (len(TOKENS) - REAL)
    for name, (texts, top) in rows.items():
        sheet.row_of_cells(left, top, wide, 0.28, texts, fills)
        sheet.write(left - 0.1, top + 0.14, name, align="right", mono=True, size=NOTE_SIZE + 0.5)
        if name != "tokens":
            sheet.shape(left + 8 * wide + 0.1, top + 0.14, "(B, T)")

    sheet.arrow((x, 1.12), (x, 1.5))
    sheet.shape(x + 0.12, 1.29, "(B, T)")
    sheet.box(
        x, 1.78, 3.4, 0.54, "EmbeddingLayer", "word + position, LayerNorm, dropout", fill=DATA
    )
    sheet.arrow((x, 2.05), (x, 2.71))
    sheet.shape(x + 0.12, 2.22, "(B, T, C)")

    sheet.box(x, 3.45, 4.4, 2.18, fill=NORMALISING, dashed=True, zorder=1)
    sheet.write(2.05, 2.52, "EncoderBlock", bold=True, align="left", size=NOTE_SIZE + 0.5)
    for y, which in ((2.9, "1"), (3.42, "2"), (4.22, "N")):
        sheet.box(x, y, 3.0, 0.38, f"TransformerBlock {which}", fill=MIXING)
    sheet.arrow((x, 3.09), (x, 3.23))
    sheet.arrow((x, 3.61), (x, 4.03))
    sheet.note(x + 0.12, 3.8, "N blocks, (B, T, C) all along")
    mask_x = 7.45
    sheet.arrow((7.15, 0.94), (mask_x, 0.94), (mask_x, 2.9), (x + 1.5, 2.9), dashed=True)
    for y in (3.42, 4.22):
        sheet.arrow((mask_x, 2.9), (mask_x, y), (x + 1.5, y), dashed=True)
    sheet.note(mask_x - 0.12, 1.95, "the mask goes\nto every block", align="right")

    sheet.arrow((x, 4.41), (x, 4.83))
    sheet.shape(x + 0.12, 4.68, "(B, T, C)")
    sheet.box(x, 5.08, 3.4, 0.5, "Pooler", "[CLS]'s vector, linear map, tanh", fill=EACH_TOKEN)
    sheet.arrow((x, 5.33), (x, 5.63))
    sheet.shape(x + 0.12, 5.46, "(B, C)")
    sheet.box(x, 5.84, 3.4, 0.42, "Dropout, then classifier: linear C → n_classes", fill=EACH_TOKEN)
    sheet.arrow((x, 6.05), (x, 6.35))
    sheet.shape(x + 0.12, 6.18, "(B, n_classes)")
    sheet.row_of_cells(x - 1.3, 6.37, 1.3, 0.26, ("negative  -1.4", "positive  2.1"), (DATA,) * 2)
    sheet.note(x + 1.4, 6.5, "logits: no softmax here")

    sheet.note(0.2, 1.78, "every id becomes\na vector of length C")
    sheet.note(0.2, 3.47, "tokens read one\nanother, block\nby block")
    sheet.note(0.2, 5.08, "one vector stands\nfor the whole tweet")
    return sheet.figure


def draw_encoder_block() -> Any:
    """Draw one transformer block: attention, feed-forward, and a residual around each."""
    sheet = Sheet(height=6.35)
    x, bypass = 3.55, 1.4
    sheet.write(0.25, 0.2, "one TransformerBlock", bold=True, align="left")
    sheet.shape(x, 0.2, "emb (B, T, C)", align="center")
    sheet.arrow((x, 0.34), (x, 0.93))
    _draw_half(sheet, x, bypass, 0.5, "MultiHeadAttention", MIXING)
    sheet.box(x, 1.18, 2.9, 0.5, "attention", "H heads, merged by final_linear", fill=MIXING)
    sheet.arrow((7.1, 0.58), (7.1, 1.18), (x + 1.45, 1.18), dashed=True)
    sheet.shape(7.1, 0.44, "att_mask (B, T)", align="center")
    sheet.note(6.35, 1.75, "tokens exchange: each\ntakes from all real ones")

    sheet.arrow((x, 2.74), (x, 3.83))
    sheet.shape(x + 0.12, 3.08, "att_out (B, T, C)")
    _draw_half(sheet, x, bypass, 3.4, "PositionWiseFeedForward", EACH_TOKEN)
    sheet.box(x, 4.08, 2.9, 0.5, "feed-forward", "fc1: C → I, GELU, fc2: I → C", fill=EACH_TOKEN)
    sheet.note(6.35, 4.08, "every token by itself,\nall with the same weights")
    sheet.arrow((x, 5.64), (x, 6.03))
    sheet.shape(x, 6.16, "(B, T, C), into the next block", align="center")
    return sheet.figure


def _draw_half(sheet: Sheet, x: float, bypass: float, top: float, owner: str, fill: str) -> None:
    """Draw what both halves of a block share: dropout, the residual around it, LayerNorm."""
    sheet.box(x, top + 1.19, 5.2, 2.38, fill=blend(0.35, fill, NORMALISING), dashed=True, zorder=1)
    sheet.write(6.05, top + 0.2, owner, bold=True, align="right", size=NOTE_SIZE + 0.5)
    sheet.arrow((x, top + 0.93), (x, top + 1.05))
    sheet.box(x, top + 1.2, 1.2, 0.3, "Dropout")
    sheet.arrow((x, top + 1.35), (x, top + 1.5))
    sheet.plus(x, top + 1.63)
    sheet.arrow((x, top + 1.76), (x, top + 1.92))
    sheet.box(x, top + 2.08, 1.6, 0.32, "LayerNorm", fill=NORMALISING)
    around = ((x, top + 0.2), (bypass, top + 0.2), (bypass, top + 1.63), (x - 0.13, top + 1.63))
    sheet.arrow(*around, colour=RESIDUAL)
    sheet.note(bypass + 0.1, top + 1.2, "residual: the half's\ninput, unchanged")


def draw_attention() -> Any:
    """Draw multi-head attention, from the input to the residual."""
    sheet = Sheet(height=8.2)
    columns = {"query": 1.5, "key": 3.5, "value": 5.5}
    middle = (columns["query"] + columns["key"]) / 2
    sheet.shape(columns["key"], 0.2, "emb (B, T, C)", align="center")
    for name, x in columns.items():
        if name == "key":
            sheet.arrow((x, 0.32), (x, 0.78))
        else:
            sheet.arrow((columns["key"], 0.56), (x, 0.56), (x, 0.78))
        sheet.box(x, 1.0, 1.5, 0.44, name, "linear, C → C", fill=DATA)
        sheet.arrow((x, 1.22), (x, 1.48))
        sheet.box(x, 1.66, 1.5, 0.36, "split into heads", fill=DATA)
        letter = name[0].upper() if name != "query" else "Q"
        sheet.shape(x + 0.12, 2.02, f"{letter} (B, H, T, D)")
    sheet.note(6.45, 1.66, "D = C // H: a head\nsees its share of\nthe features")

    for name in ("query", "key"):
        sheet.arrow((columns[name], 1.84), (columns[name], 2.34))
    sheet.box(middle, 2.55, 3.5, 0.42, "Q times K transposed: a score for each pair", fill=MIXING)
    to_weights = (
        (3.2, "divide by √D", DATA, "or scores would grow\nwith the size of a head"),
        (3.78, "set padded keys to -∞", DATA, "the mask hides keys,\nnever queries"),
        (4.36, "softmax over the keys", MIXING, "each query's weights\nsum to 1"),
        (4.94, "Dropout", DATA, ""),
    )
    above = 2.76
    for y, title, fill, remark in to_weights:
        sheet.arrow((middle, above), (middle, y - 0.16))
        sheet.shape(middle + 0.12, (above + y - 0.16) / 2 - 0.02, "(B, H, T, T)")
        sheet.box(middle, y, 2.3, 0.32, title, fill=fill)
        sheet.note(middle + 1.25, y, remark)
        above = y + 0.16
    sheet.shape(0.6, 3.3, "att_mask", align="center")
    sheet.shape(0.6, 3.48, "(B, T)", align="center")
    sheet.arrow((0.6, 3.6), (0.6, 3.78), (middle - 1.15, 3.78), dashed=True)

    sheet.arrow((middle, 5.1), (middle, 5.38))
    sheet.arrow((columns["value"], 1.84), (columns["value"], 5.38))
    x = (middle + columns["value"]) / 2
    sheet.box(x, 5.59, 4.4, 0.42, "weights times V: a mix of values for each query", fill=MIXING)
    after_mixing = (
        (6.2, "merge heads", "(B, H, T, D)"),
        (6.76, "final_linear, C → C", "(B, T, C)"),
        (7.32, "Dropout", "(B, T, C)"),
    )
    above = 5.8
    for y, title, shape in after_mixing:
        sheet.arrow((x, above), (x, y - 0.16))
        sheet.shape(x + 0.12, (above + y - 0.16) / 2 - 0.02, shape)
        sheet.box(x, y, 2.0, 0.32, title, fill=DATA)
        above = y + 0.16
    sheet.note(x - 1.1, 6.2, "splitting undone,\nstep by step", align="right")

    end, outside = 6.1, 7.7
    sheet.arrow((x + 1.0, 7.32), (end - 0.13, 7.32))
    sheet.plus(end, 7.32)
    around = ((columns["key"], 0.4), (outside, 0.4), (outside, 7.32), (end + 0.13, 7.32))
    sheet.arrow(*around, colour=RESIDUAL)
    sheet.note(outside - 0.1, 4.5, "residual:\nemb,\nunchanged", align="right")
    sheet.arrow((end, 7.45), (end, 7.68))
    sheet.box(end, 7.85, 1.4, 0.34, "LayerNorm", fill=NORMALISING)
    sheet.arrow((end - 0.7, 7.85), (x + 0.55, 7.85))
    sheet.shape(x + 0.45, 7.85, "(B, T, C)", align="right")
    return sheet.figure


_DIAGRAMS: dict[str, Callable[[], Any]] = {
    "model": draw_model,
    "encoder_block": draw_encoder_block,
    "attention": draw_attention,
    "masking": draw_masking,
    "embedding": draw_embedding,
}
NAMES = tuple(_DIAGRAMS)
