"""What the diagrams are put together from: a sheet with boxes, arrows, words and coloured cells.

Runs in a notebook or a script; matplotlib is imported when the first sheet is made. All places and
sizes are inches from the top left corner, so that a word's size and its box's are the same unit.

A sheet brings everything of its own: an opaque pale background, dark ink and matplotlib's bundled
fonts. A notebook's theme, dark or light, leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_utils.plots import BACKGROUND, INK, PANEL, TRAIN, WIDTH

# One fill for each kind of part, the same in all diagrams. They differ in lightness too, and every
# box says in words what it is: no meaning hangs on a colour alone.
DATA, MIXING, EACH_TOKEN, NORMALISING = PANEL, "#cfe0f0", "#f6dcc2", "#e4e4dc"
MUTED = "#5c5c57"  # still 6 : 1 against the background
RESIDUAL = TRAIN

SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
WORD_SIZE, NOTE_SIZE = 10.0, 8.5  # in points; smaller than a note nothing is
CORNER = 0.06


class Sheet:
    """A figure `width` x `height` inches, to draw on; `figure` is matplotlib's."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        import matplotlib as mpl
        from matplotlib import pyplot as plt
        from matplotlib.patches import Rectangle

        # The notebook's own settings are back when the block is left.
        with mpl.rc_context():
            mpl.rcdefaults()
            self.figure = plt.figure(figsize=(width, height), facecolor=BACKGROUND)
            self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
            # Closed, or a notebook shows it twice; a closed figure can be shown and saved.
            plt.close(self.figure)
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()
        # Painted: some notebooks leave a figure's own background out when they save it.
        whole = Rectangle((0, 0), width, height, facecolor=BACKGROUND, edgecolor="none", zorder=-9)
        self.axes.add_patch(whole)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = WORD_SIZE,
        align: str = "center",
        mono: bool = False,
        bold: bool = False,
        colour: str = INK,
        rotation: float = 0.0,
    ) -> None:
        """Write `text` with its middle at height `y` and its middle, left or right end at `x`."""
        self.axes.text(
            x,
            y,
            text,
            fontsize=size,
            ha=align,
            va="center_baseline" if rotation == 0 and "\n" not in text else "center",
            fontfamily=MONO if mono else SANS,
            fontweight="bold" if bold else "normal",
            color=colour,
            rotation=rotation,
            linespacing=1.35,
            parse_math=False,  # a dollar sign is a dollar sign
            zorder=5,
        )

    def note(self, x: float, y: float, text: str, *, align: str = "left") -> None:
        """Write a remark, smaller and paler."""
        self.write(x, y, text, size=NOTE_SIZE, align=align, colour=MUTED)

    def shape(self, x: float, y: float, text: str, *, align: str = "left") -> None:
        """Write a tensor's shape."""
        self.write(x, y, text, size=NOTE_SIZE + 0.5, align=align, mono=True)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        title: str = "",
        below: str = "",
        *,
        fill: str = DATA,
        edge: str = INK,
        dashed: bool = False,
        zorder: float = 2,
    ) -> None:
        """Draw a box with its middle at (x, y); `title` stands in it, `below` smaller beneath."""
        from matplotlib.patches import FancyBboxPatch

        self.axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={CORNER}",
                facecolor=fill,
                edgecolor=edge,
                linewidth=1.0,
                linestyle="--" if dashed else "-",
                zorder=zorder,
            )
        )
        if title:
            self.write(x, y - (0.12 if below else 0.015), title, bold=bool(below))
        if below:
            self.write(x, y + 0.1, below, size=NOTE_SIZE)

    def arrow(self, *points: tuple[float, float], colour: str = INK, dashed: bool = False) -> None:
        """Draw a line through `points`, with a head at the last."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        self.axes.add_patch(
            FancyArrowPatch(
                path=Path(list(points)),
                arrowstyle="-|>,head_length=0.45,head_width=0.22",
                mutation_scale=12,
                linewidth=1.3,
                linestyle="--" if dashed else "-",
                facecolor=colour,
                edgecolor=colour,
                joinstyle="round",
                capstyle="butt",
                fill=True,
                zorder=4,
            )
        )

    def plus(self, x: float, y: float) -> None:
        """Draw a circle with a plus: what comes in is added."""
        from matplotlib.patches import Circle

        arm = 0.07
        self.axes.add_patch(Circle((x, y), 0.13, facecolor=PANEL, edgecolor=INK, zorder=4))
        for xs, ys in (((x - arm, x + arm), (y, y)), ((x, x), (y - arm, y + arm))):
            self.axes.plot(xs, ys, color=INK, linewidth=1.3, zorder=5)

    def cell(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        *,
        fill: str = DATA,
        text: str = "",
    ) -> None:
        """Draw one cell of a table; its text is that of a note."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(
            Rectangle(
                (left, top),
                width,
                height,
                facecolor=fill,
                edgecolor=BACKGROUND,
                linewidth=0.8,
                zorder=2,
            )
        )
        if text:
            self.write(left + width / 2, top + height / 2, text, size=NOTE_SIZE)

    def row_of_cells(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        texts: Sequence[str],
        fills: Sequence[str],
    ) -> None:
        """Draw cells side by side, each with its text and fill."""
        for place, (text, fill) in enumerate(zip(texts, fills, strict=True)):
            self.cell(left + place * width, top, width, height, text=text, fill=fill)


def blend(share: float, colour: str, ground: str = PANEL) -> str:
    """Return the colour `share` (0 to 1) of the way from `ground` to `colour`."""
    mixed = [
        round(int(ground[i : i + 2], 16) * (1 - share) + int(colour[i : i + 2], 16) * share)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def tint(value: float, largest: float, above: str, below: str) -> str:
    """Return a fill for a number: towards `above` where it is positive, else towards `below`."""
    share = min(abs(value) / largest, 1.0) * 0.55
    return blend(share, above if value >= 0 else below)
