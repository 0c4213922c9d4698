"""What a score owes to how many configurations were tried, and to the seed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from suite.figures.style import (
    FAINT,
    INK,
    SERIES,
    STYLE,
    legend_below,
    open_frame,
    panels,
    saved,
)
from suite.grid_views import SeedScores

_DASHED = {"linestyle": "--", "linewidth": 1}


def best_of_figure(
    path: Path, curves: Mapping[str, np.ndarray], cross_fitted: Mapping[str, float]
) -> Path:
    """Expected best main score on dev over the number of configurations, in points.

    `curves` [C] are by task, for 1 to C configurations. The dashed line is the
    cross-fitted score, in which choosing has no part.
    """
    with rc_context(STYLE):
        figure, axes = panels(list(curves), 3.3, 2.3)
        for panel, (task, curve) in zip(axes, curves.items(), strict=True):
            tried = np.arange(1, curve.size + 1)
            panel.plot(tried, curve, "o-", markersize=3)
            if task in cross_fitted:
                panel.axhline(cross_fitted[task], color=INK, **_DASHED)
            panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            panel.set_xlabel("configurations tried")
            panel.set_ylabel("expected best, points")
            open_frame(panel)
        line = Line2D([], [], color=INK, label="cross-fitted", **_DASHED)
        legend_below(figure, [line], 1)
        return saved(figure, path)


def seed_figure(path: Path, scores: Mapping[str, SeedScores]) -> Path:
    """Main scores on dev by seed, a panel a task: the chosen configuration, large.

    Small and grey are all configurations of the grid, on the seeds that it was run on.
    """
    with rc_context(STYLE):
        figure, axes = panels(list(scores), 3.3, 2.3)
        for panel, own in zip(axes, scores.values(), strict=True):
            _seeds(panel, own)
        return saved(figure, path)


def _seeds(panel: Axes, scores: SeedScores) -> None:
    for place, seed in enumerate(scores.seeds):
        tried = scores.grid.get(seed, ())
        panel.plot([place] * len(tried), tried, "o", color=FAINT, markersize=3)
        if seed in scores.chosen:
            panel.plot(place, scores.chosen[seed], "o", color=SERIES[0], markersize=6)
    mean = float(np.mean(list(scores.chosen.values())))
    panel.axhline(mean, color=SERIES[0], **_DASHED)
    panel.set_xticks(range(len(scores.seeds)), [str(seed) for seed in scores.seeds])
    panel.set_xlim(-0.5, len(scores.seeds) - 0.5)
    panel.set_xlabel("seed")
    panel.set_ylabel("score on dev, points")
    open_frame(panel)
