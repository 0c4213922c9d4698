"""Differences with their intervals, and the margins that they are held against."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from suite.cells import Cell
from suite.figures.style import (
    BAD,
    BAND,
    GOOD,
    LINE,
    OPEN,
    STYLE,
    open_frame,
    panels,
    saved,
)
from suite.knob_effects import Effect

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
            for height, effect in enumerate(own[::-1]):
                colour = _COLOURS.get(effect.verdict, OPEN)
                span = (effect.low, effect.mean, effect.high)
                _interval(panel, height, span, effect.margin, colour)
            names = [effect.pairs.knob.name for effect in own[::-1]]
            panel.set_yticks(range(len(names)), names)
            panel.set_xlabel("turned − faithful, points")
            _finished(panel, len(own))
        return saved(figure, path)


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
