"""Figures of a report as SVG: the same bytes every time, legible on light and dark.

Each figure brings its own pale background, so that its dark text is readable on any
page. Every number shown also stands in a table of the report. Nothing is computed here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.files import written_whole
from suite.cells import Cell
from suite.grids import Grid, dev_score
from suite.knob_effects import Effect
from suite.markdown import counted

_STYLE = {
    "svg.hashsalt": "suite",  # element ids from content, not from chance
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "figure.facecolor": "#fbfaf7",
    "axes.facecolor": "#fbfaf7",
    "savefig.facecolor": "#fbfaf7",
    "axes.edgecolor": "#888888",
    "text.color": "#222222",
    "axes.labelcolor": "#222222",
    "xtick.color": "#222222",
    "ytick.color": "#222222",
}
_VERDICT_COLOURS = {
    "reproduced": "#1b7837",
    "differs": "#b2182b",
    "inconclusive": "#666666",
}
_EFFECT_COLOURS = {
    "differs": "#b2182b",
    "no effect": "#1b7837",
    "unchanged": "#1b7837",
    "inconclusive": "#666666",
}


def heat_map_figure(path: Path, grids: Mapping[str, Grid]) -> Path:
    """One panel a task: mean dev score in points per batch size and learning rate."""
    columns = min(3, len(grids))
    rows = -(-len(grids) // columns)
    with rc_context(_STYLE):
        figure = Figure(figsize=(3.3 * columns, 2.7 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, (task, grid) in zip(panels, grids.items(), strict=False):
            _heat_map(panel, task, grid_table(grid))
        for panel in panels[len(grids) :]:
            panel.set_axis_off()
        return _saved(figure, path)


def grid_table(grid: Grid) -> tuple[list[int], list[float], np.ndarray]:
    """Batch sizes, learning rates and the mean dev scores [batch, rate] in points.

    NaN where no trial has a score; a failed seed does not count towards its mean.
    """
    batches = sorted({r.trial.batch_size for r in grid.of_grid})
    rates = sorted({r.trial.learning_rate for r in grid.of_grid}, reverse=True)
    means = np.full((len(batches), len(rates)), np.nan)
    cells: dict[tuple[int, int], list[float]] = {}
    for record in grid.of_grid:
        score = dev_score(record)
        if score is not None:
            place = (
                batches.index(record.trial.batch_size),
                rates.index(record.trial.learning_rate),
            )
            cells.setdefault(place, []).append(100 * score)
    for place, scores in cells.items():
        means[place] = np.mean(scores)
    return batches, rates, means


def forest_figure(path: Path, cells: Sequence[Cell]) -> Path | None:
    """Ours - published with its 95 % interval per cell; None if no cell has one."""
    shown = [cell for cell in cells if cell.low is not None]
    if not shown:
        return None
    with rc_context(_STYLE):
        figure = Figure(figsize=(7, 0.8 + 0.36 * len(shown)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color="#888888", linewidth=1)
        for height, cell in enumerate(reversed(shown)):
            colour = _VERDICT_COLOURS[cell.verdict]
            axes.plot([cell.low, cell.high], [height, height], color=colour)
            axes.plot(cell.difference, height, "o", color=colour)
            axes.annotate(
                f"  {cell.verdict}",
                (cell.high, height),
                va="center",
                color=colour,
                annotation_clip=False,
            )
        names = [f"{c.name} {c.column.metric} ({c.compared})" for c in shown]
        axes.set_yticks(range(len(shown)), reversed(names))
        axes.set_xlabel("ours - published, points, 95 % interval")
        axes.margins(x=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        return _saved(figure, path)


def effects_figure(path: Path, effects: Sequence[Effect]) -> Path:
    """Effects with their 95 % intervals, a panel a task; the band is the margin."""
    by_task: dict[str, list[Effect]] = {}
    for effect in effects:
        by_task.setdefault(effect.pairs.task.name, []).append(effect)
    height = 1.0 + 0.3 * max(map(len, by_task.values()))
    with rc_context(_STYLE):
        figure = Figure(figsize=(2 + 3 * len(by_task), height), layout="constrained")
        panels = figure.subplots(1, len(by_task), squeeze=False, sharey=True)[0]
        for panel, (task, own) in zip(panels, by_task.items(), strict=True):
            _effects(panel, own)
            panel.set_title(task)
        return _saved(figure, path)


def _effects(panel: Axes, effects: Sequence[Effect]) -> None:
    if margin := effects[0].margin:
        panel.axvspan(-margin, margin, color="#e4e2da", linewidth=0)
    panel.axvline(0, color="#888888", linewidth=1)
    for height, effect in enumerate(reversed(effects)):
        colour = _EFFECT_COLOURS[effect.verdict]
        panel.plot([effect.low, effect.high], [height, height], color=colour)
        panel.plot(effect.mean, height, "o", color=colour)
    names = [effect.pairs.knob.name for effect in effects]
    panel.set_yticks(range(len(names)), names[::-1])
    panel.set_xlabel("turned − faithful, points")
    panel.spines[["top", "right"]].set_visible(False)


def growth_figure(path: Path, growth: pd.DataFrame) -> Path:
    """Seconds and peak memory over the number of shards, a line for each of workers."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(7, 2.8), layout="constrained")
        panels = figure.subplots(1, 2)
        labels = ("seconds", "peak memory of a process, MB")
        for panel, column, label in zip(
            panels, ("seconds", "peak_mb"), labels, strict=True
        ):
            for (workers, masking), rows in growth.groupby(["workers", "masking"]):
                name = f"{counted(workers, 'worker')}, {masking}"
                panel.plot(rows["shards"], rows[column], "o-", label=name)
            panel.set_xticks(sorted(growth["shards"].unique()))
            panel.set_ylim(0, 1.15 * growth[column].max())
            panel.set_xlabel("shards")
            panel.set_ylabel(label)
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].legend(frameon=False)
        return _saved(figure, path)


def curve_figure(path: Path, trials: Sequence[str], lines: Sequence[Mapping]) -> Path:
    """Training loss and held-out masked-LM accuracy over the steps, a line a trial."""
    evaluated = [line for line in lines if "held_out" in line]
    with rc_context(_STYLE):
        figure = Figure(figsize=(7, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for trial, name in enumerate(trials):
            style = ("-", "--", ":", "-.")[trial % 4]
            losses = [line["loss"][trial] for line in lines]
            left.plot([x["step"] for x in lines], losses, style, label=name)
            accuracies = [x["held_out"][trial]["masked_lm_accuracy"] for x in evaluated]
            right.plot([x["step"] for x in evaluated], accuracies, f"o{style}")
        left.set_ylabel("training loss")
        right.set_ylabel("held-out masked-LM accuracy")
        right.set_ylim(bottom=0)
        for panel in (left, right):
            panel.set_xlabel("step")
            panel.spines[["top", "right"]].set_visible(False)
        left.legend(frameon=False)
        return _saved(figure, path)


def _heat_map(
    panel: Axes, task: str, table: tuple[list[int], list[float], np.ndarray]
) -> None:
    batches, rates, means = table
    finite = means[np.isfinite(means)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    panel.imshow(means, cmap="cividis", aspect="auto", vmin=low, vmax=high)
    for (row, column), mean in np.ndenumerate(means):
        dark = np.isfinite(mean) and mean - low < 0.55 * (high - low)
        panel.text(
            column,
            row,
            f"{mean:.1f}" if np.isfinite(mean) else "no score",
            ha="center",
            va="center",
            color="#ffffff" if dark else "#111111",
        )
    panel.set_title(task)
    panel.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    panel.set_yticks(range(len(batches)), [str(batch) for batch in batches])
    panel.set_xlabel("learning rate")
    panel.set_ylabel("batch size")


def _saved(figure: Figure, path: Path) -> Path:
    with written_whole(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return path
