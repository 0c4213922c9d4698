"""The grid of each task as a heat map."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes

from suite.figures.style import INK, PAPER, STYLE, panels, saved
from suite.grids import Grid, dev_score

# On cividis; the cells have the same colours on light and dark pages.
_ON_DARK_CELLS, _ON_LIGHT_CELLS = "#ffffff", "#000000"


def heat_map_figure(path: Path, grids: Mapping[str, Grid]) -> Path:
    """One panel a task: mean dev score in points per batch size and learning rate."""
    with rc_context(STYLE):
        figure, axes = panels(list(grids), 3.3, 2.7)
        for panel, grid in zip(axes, grids.values(), strict=True):
            _heat_map(panel, *grid_table(grid))
        return saved(figure, path)


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


def _heat_map(
    panel: Axes, batches: list[int], rates: list[float], means: np.ndarray
) -> None:
    finite = means[np.isfinite(means)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    edges = [np.arange(size + 1) - 0.5 for size in (len(rates), len(batches))]
    style = {"cmap": "cividis", "edgecolors": PAPER, "linewidth": 1}
    panel.pcolormesh(*edges, means, vmin=low, vmax=high, **style)
    panel.invert_yaxis()
    for (row, column), mean in np.ndenumerate(means):
        words = f"{mean:.1f}" if np.isfinite(mean) else "no score"
        colour = colour_on(mean, low, high)
        panel.text(column, row, words, ha="center", va="center", color=colour)
    panel.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    panel.set_yticks(range(len(batches)), [str(batch) for batch in batches])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel("learning rate")
    panel.set_ylabel("batch size")


def colour_on(mean: float, low: float, high: float) -> str:
    """What can be read on the cell of a score; where there is none, on the page."""
    if not np.isfinite(mean):
        return INK
    share = (mean - low) / (high - low) if high > low else 0.0
    return _ON_DARK_CELLS if share < 0.47 else _ON_LIGHT_CELLS
