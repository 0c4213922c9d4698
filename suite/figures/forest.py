"""Differences with their intervals, and the margins that they are held against."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from suite.cells import Cell
from suite.figures.style import (
    BAD,
    BAND,
    GOOD,
    LINE,
    OPEN,
    SERIES,
    STYLE,
    legend_below,
    open_frame,
    panels,
    saved,
)
from suite.knob_effects import Effect
from suite.masking_effect import MaskingDifference

# One of several differences that an interval is made of.
_PAIR = {
    "color": OPEN,
    "marker": "o",
    "linestyle": "",
    "markersize": 3.5,
    "markerfacecolor": "none",
}
# What is neither good nor bad news is drawn as open.
_COLOURS = {"reproduced": GOOD, "no effect": GOOD, "unchanged": GOOD, "differs": BAD}


def forest_figure(
    path: Path, cells: Sequence[Cell], margins: Mapping[tuple[str, str], float]
) -> Path | None:
    """Ours − published with its 95 % interval per cell; None if no cell has one.

    The band behind a cell is the margin of its task and metric, where it has one.
    """
    shown = [cell for cell in cells if cell.low is not None][::-1]
    if not shown:
        return None
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 0.8 + 0.3 * len(shown)), layout="constrained")
        axes = figure.subplots()
        for height, cell in enumerate(shown):
            colour = _COLOURS.get(cell.verdict, OPEN)
            margin = margins.get((cell.column.task, cell.column.metric))
            span = (cell.low, cell.difference, cell.high)
            _interval(axes, height, span, margin, colour)
            axes.annotate(
                cell.verdict,
                (1.01, height),
                xycoords=axes.get_yaxis_transform(),
                va="center",
                color=colour,
                annotation_clip=False,
            )
        names = [f"{c.name} {c.column.metric} ({c.compared})" for c in shown]
        axes.set_yticks(range(len(shown)), names)
        axes.set_xlabel("ours − published, points; 95 % interval, band: ± margin")
        _finished(axes, len(shown))
        return saved(figure, path)


def effects_figure(path: Path, effects: Sequence[Effect]) -> Path:
    """Effects with their 95 % intervals, a panel a task; the band is the margin."""
    by_task: dict[str, list[Effect]] = {}
    for effect in effects:
        by_task.setdefault(effect.pairs.task.name, []).append(effect)
    most = max(map(len, by_task.values()))
    width = 3.3 if len(by_task) > 1 else 6
    with rc_context(STYLE):
        figure, axes = panels(list(by_task), width, 0.9 + 0.28 * most)
        for panel, own in zip(axes, by_task.values(), strict=True):
            _fill(panel, {e.pairs.knob.name: e for e in own}, _effect)
        figure.supxlabel("turned − as in the sweep, points", fontsize="medium")
        return saved(figure, path)


def _effect(panel: Axes, height: int, effect: Effect) -> None:
    span = (effect.low, effect.mean, effect.high)
    _interval(panel, height, span, effect.margin, _COLOURS.get(effect.verdict, OPEN))


def masking_figure(
    path: Path, rows: Sequence[MaskingDifference], published: float
) -> Path | None:
    """Whole word − WordPiece with its 95 % interval, a panel a model; None of no rows.

    Where there are several pairs of pre-trainings, the small dots below an interval are
    their differences. The band is ±`published` points.
    """
    if not rows:
        return None
    by_model: dict[str, list[MaskingDifference]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    most = max(map(len, by_model.values()))
    width = 5 if len(by_model) > 1 else 7
    with rc_context(STYLE):
        figure, axes = panels(list(by_model), width, 1.1 + 0.36 * most)
        for panel, own in zip(axes, by_model.values(), strict=True):
            named = {f"{row.task} {row.metric}": row for row in own}
            _fill(panel, named, partial(_masking, published=published))
            panel.set_xlabel("whole word − WordPiece, points; 95 % interval")
        legend_below(figure, _masking_legend(rows, published), 2)
        return saved(figure, path)


def _masking(
    panel: Axes, height: int, row: MaskingDifference, published: float
) -> None:
    span = tuple(100 * value for value in (row.low, row.difference, row.high))
    _interval(panel, height, span, published, _masking_colour(row))
    if row.pairs > 1:
        own = [100 * difference for difference in row.differences]
        panel.plot(own, [height - 0.28] * len(own), **_PAIR)


def _masking_colour(row: MaskingDifference) -> str:
    if row.remains:
        return SERIES[0]
    return SERIES[1] if row.apart else OPEN


def _masking_legend(
    rows: Sequence[MaskingDifference], published: float
) -> list[Artist]:
    """Of what is drawn."""
    said = {
        SERIES[0]: "off zero, after Holm's correction too",
        SERIES[1]: "off zero, not after Holm's correction",
        OPEN: "not off zero",
    }
    drawn = set(map(_masking_colour, rows))
    legend: list[Artist] = [
        Line2D([], [], color=colour, marker="o", markersize=5, label=label)
        for colour, label in said.items()
        if colour in drawn
    ]
    if any(row.pairs > 1 for row in rows):
        legend.append(Line2D([], [], label="each pair of pre-trainings", **_PAIR))
    band = f"±{published:g}: published for BERT-Large on MNLI"
    return [*legend, Patch(color=BAND, label=band)]


def _fill(panel: Axes, rows: Mapping[str, object], draw: Callable) -> None:
    """`draw(panel, height, row)` for each row beside its name, the first on top."""
    for height, row in enumerate(reversed(rows.values())):
        draw(panel, height, row)
    panel.set_yticks(range(len(rows)), list(reversed(rows)))
    _finished(panel, len(rows))


def _interval(
    axes: Axes,
    height: int,
    span: tuple[float, float, float],
    margin: float | None,
    colour: str,
) -> None:
    """A difference between its bounds, before the band of its margin."""
    low, middle, high = span
    if margin:
        axes.barh(height, 2 * margin, 0.9, -margin, color=BAND, linewidth=0)
    axes.plot([low, high], [height, height], color=colour)
    axes.plot(middle, height, "o", color=colour, markersize=5)


def _finished(axes: Axes, rows: int) -> None:
    axes.axvline(0, color=LINE, linewidth=1, zorder=1)
    axes.set_ylim(-0.6, rows - 0.4)
    axes.tick_params(axis="y", length=0)
    open_frame(axes)
