"""Lines over steps, epochs and shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.figures.style import (
    INK,
    SERIES,
    STYLE,
    legend_below,
    open_frame,
    panels,
    saved,
)
from suite.grids import Configuration, Grid, configuration_of
from suite.markdown import counted

_STROKES = ("-", "--", ":", "-.")


def loss_figure(
    path: Path, grids: Mapping[str, Grid], chosen: Mapping[str, Configuration]
) -> Path:
    """Mean training loss per epoch, a panel a task and a line a trial of the grid.

    Colours are learning rates; the trials of the chosen configuration are drawn over
    the others.
    """
    rates = sorted(
        {r.trial.learning_rate for grid in grids.values() for r in grid.of_grid},
        reverse=True,
    )
    colours = {rate: SERIES[n % len(SERIES)] for n, rate in enumerate(rates)}
    with rc_context(STYLE):
        figure, axes = panels(list(grids), 3.3, 2.4)
        for panel, (task, grid) in zip(axes, grids.items(), strict=True):
            _losses(panel, grid, colours, chosen.get(task))
        legend = [
            Line2D([], [], color=c, label=f"lr {r:g}") for r, c in colours.items()
        ]
        legend.append(Line2D([], [], color=INK, linewidth=2, label="chosen"))
        legend_below(figure, legend, min(len(legend), 3 * len(axes)))
        return saved(figure, path)


def _losses(
    panel: Axes,
    grid: Grid,
    colours: Mapping[float, str],
    chosen: Configuration | None,
) -> None:
    epochs = 1
    for record in grid.of_grid:
        steps = range(1, len(record.losses) + 1)
        epochs = max(epochs, len(record.losses))
        style = {"color": colours[record.trial.learning_rate], "linewidth": 0.8}
        if configuration_of(record.trial) == chosen:
            style = {"color": INK, "linewidth": 2, "zorder": 3}
        marker = "o" if len(record.losses) == 1 else None
        panel.plot(steps, record.losses, marker=marker, markersize=3, **style)
    panel.set_xticks(range(1, epochs + 1))
    panel.set_xlabel("epoch")
    panel.set_ylabel("mean training loss")
    open_frame(panel)


def growth_figure(path: Path, growth: pd.DataFrame) -> Path:
    """Seconds and peak memory over the number of shards, a line for each of workers."""
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 2.8), layout="constrained")
        panels = figure.subplots(1, 2)
        labels = ("seconds", "peak memory of a process, MB")
        for panel, column, label in zip(
            panels, ("seconds", "peak_mb"), labels, strict=True
        ):
            groups = growth.groupby(["workers", "masking"])
            for n, ((workers, masking), rows) in enumerate(groups):
                name = f"{counted(workers, 'worker')}, {masking}"
                stroke = _STROKES[n % len(_STROKES)]
                panel.plot(rows["shards"], rows[column], f"o{stroke}", label=name)
            panel.set_xticks(sorted(growth["shards"].unique()))
            panel.set_ylim(0, 1.15 * growth[column].max())
            panel.set_xlabel("shards")
            panel.set_ylabel(label)
            open_frame(panel)
        panels[0].legend(frameon=False)
        return saved(figure, path)


def curve_figure(path: Path, trials: Sequence[str], lines: Sequence[Mapping]) -> Path:
    """Training loss and held-out masked-LM accuracy over the steps, a line a trial."""
    evaluated = [line for line in lines if "held_out" in line]
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for trial, name in enumerate(trials):
            # Of as many trials as there are colours the next have other strokes.
            again = trial // len(SERIES)
            stroke = _STROKES[(trial + again) % len(_STROKES)]
            losses = [line["loss"][trial] for line in lines]
            left.plot([x["step"] for x in lines], losses, stroke, label=name)
            accuracies = [x["held_out"][trial]["masked_lm_accuracy"] for x in evaluated]
            right.plot([x["step"] for x in evaluated], accuracies, f"o{stroke}")
        left.set_ylabel("training loss")
        right.set_ylabel("held-out masked-LM accuracy")
        right.set_ylim(bottom=0)
        for panel in (left, right):
            panel.set_xlabel("step")
            open_frame(panel)
        left.legend(frameon=False)
        return saved(figure, path)
