"""How the cost of a sweep grows with its work, from one that was run as a whole.

Its tasks differ in their number of examples and in the length of these. If the cost
grows with the work alone, the trials of all tasks lie on one line: so many seconds for
every real token, and some that each trial costs beside. Nothing is measured here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from suite.sweep_speed import EPOCHS, GridRun

# What a trial is for; all else that it takes is overhead.
WORK = ("training", "prediction")


@dataclass(frozen=True)
class Line:
    """Seconds of a trial over its real tokens: what it costs beside, and for each."""

    seconds: float
    seconds_per_token: float
    correlation: float


def costs_by_task(run: GridRun, rows: Mapping[str, int]) -> pd.DataFrame:
    """A row for each task whose `rows` are known, of means over its finished trials.

    `rows` of the train split, `length` in real tokens an example, `tokens` trained on
    by a trial, `seconds` of a worker for a trial, `per_token` of them for a token, and
    `overhead`, the share of them that is no work. Empty where trials recorded no parts.
    """
    found: dict[str, dict[str, float]] = {}
    for task, own in _by_task(run).items():
        if task not in rows:
            continue
        seconds = sum(trial["seconds"] for trial in own) / len(own)
        work = sum(trial["spent"].get(p, 0.0) for trial in own for p in WORK) / len(own)
        tokens = sum(trial["tokens"]["real"] for trial in own) / len(own)
        found[task] = {
            "rows": rows[task],
            "length": tokens / EPOCHS / rows[task],
            "tokens": tokens,
            "seconds": seconds,
            "per_token": seconds / tokens,
            "overhead": 1 - work / seconds,
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("task")


def line_through(costs: pd.DataFrame) -> Line | None:
    """The least squares of `costs_by_task`; None of fewer than three tasks."""
    if len(costs) < 3:
        return None
    fit = stats.linregress(costs["tokens"], costs["seconds"])
    return Line(float(fit.intercept), float(fit.slope), float(fit.rvalue))


def _by_task(run: GridRun) -> dict[str, list[Mapping]]:
    tasks: dict[str, list[Mapping]] = {}
    for trial in run.trials:
        if trial["status"] == "finished" and trial.get("spent") and trial.get("tokens"):
            tasks.setdefault(trial["task"], []).append(trial)
    return tasks
