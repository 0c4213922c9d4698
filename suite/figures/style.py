"""What all figures share: their colours on light and dark pages, and the file's bytes.

A figure is drawn in light colours and its SVG carries rules that put the dark ones in
their place where the reader prefers dark pages. It has a background of its own in both,
so that it can be read wherever it is shown, by a viewer without such rules, too.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.files import written_whole

PAPER, INK, LINE = "#fbfaf7", "#222222", "#888888"
BAND, FAINT = "#e4e2da", "#8f8c83"
GOOD, BAD, OPEN = "#1b7837", "#b2182b", "#666666"
# Told apart by the colour-blind (Okabe and Ito 2008; the last one darker).
SERIES = ("#0072b2", "#d55e00", "#009e73", "#b65d8f")
# What takes a colour's place on a dark page; any other colour stays.
DARK = {
    PAPER: "#16191d",
    INK: "#e6e4de",
    LINE: "#8b9098",
    BAND: "#31363f",
    FAINT: "#666c76",
    GOOD: "#62c482",
    BAD: "#f37c88",
    OPEN: "#a9aeb6",
    "#0072b2": "#56b4e9",
    "#d55e00": "#f3935a",
    "#009e73": "#43c9a0",
    "#b65d8f": "#e3a3c8",
}
STYLE = {
    "svg.hashsalt": "suite",  # element ids from content, not from chance
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.edgecolor": LINE,
    "axes.prop_cycle": cycler(color=SERIES),
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
_COORDINATES = re.compile(r'\b(?:d|x|y|width|height|transform)="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")


def panels(titles: Sequence[str], width: float, height: float) -> tuple[Figure, list]:
    """A figure with one set of axes a title, two or three in a row, sizes in inches."""
    columns = 2 if len(titles) in (2, 4) else min(3, len(titles))
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    found = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for panel, title in zip(found, titles, strict=False):
        panel.set_title(title)
    for panel in found[len(titles) :]:
        panel.set_axis_off()
    return figure, found[: len(titles)]


def legend_below(figure: Figure, handles: Sequence[Artist], columns: int) -> None:
    """What lines mean that all panels have in common."""
    place = {"loc": "outside lower center", "ncols": columns, "frameon": False}
    figure.legend(handles=handles, **place)


def open_frame(panel: Axes) -> None:
    """Axes on the left and below only."""
    panel.spines[["top", "right"]].set_visible(False)


def saved(figure: Figure, path: Path) -> Path:
    """Write the figure as SVG that looks to the reader's preference of light or dark.

    Coordinates are kept to a hundredth of a point, which no eye tells apart and which
    a last bit of another machine does not change.
    """
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = _COORDINATES.sub(_rounded, drawn.getvalue())
    with written_whole(path) as file:
        file.write(text.replace("</style>", f"{dark_rules()}</style>", 1))
    return path


def dark_rules() -> str:
    """CSS that exchanges the colours where dark pages are preferred."""
    rules = [
        f'[style*="{what}: {light}"] {{{what}: {dark} !important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    ]
    body = "\n".join(rules)
    return f"\n@media (prefers-color-scheme: dark) {{\n{body}\n}}\n"


def _rounded(attribute: re.Match) -> str:
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", attribute[0])
