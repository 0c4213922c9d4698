"""What the whole grid costs, task by task: ours, transformers' recipe, and the floor.

The grid is the documented one: 5 batch sizes × 4 learning rates, 4 epochs. The peer is
timed for some seconds at each batch size (suite/test_peer_sweep.py) and what it would
take follows: 4 learning rates × 4 epochs × rows over its rate, summed over the batch
sizes, and 20 evaluations of dev; its start-up is left out. Ours is run, whole and as it
is typed (suite/test_whole_grid.py). The floor is what the model asks for, real tokens
only, at the rate of a large matrix product. Takes benchmarks as --benchmark-json keeps
them; nothing is measured here.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from suite.documented_grid import (
    BATCH_SIZES,
    LEARNING_RATES,
    documented_configurations,
)
from suite.model_flops import StepShape, forward_flops, training_flops

GRID_TASKS = ("RTE", "MRPC", "STS-B", "CoLA", "WNLI")
EPOCHS = 4
TRIALS = len(documented_configurations())
# The peer's ways, as its script pads them.
TO_128, PER_BATCH = "padded to 128", "padded per batch"

Benchmarks = Sequence[Mapping]


@dataclass(frozen=True)
class GridRun:
    """A sweep that was run as a whole: its trials, its workers and its wall time.

    A trial is "task", "batch_size", "learning_rate", "seed", "status", "seconds" (of
    its worker, its share of its stack), "score" (main score on dev, a fraction of 1, or
    None) and, where they were recorded, "spent" (part -> seconds) and "tokens" ("real",
    "computed").
    """

    command: str
    workers: int
    seconds: float
    trials: tuple[Mapping, ...]

    @property
    def core_seconds(self) -> float:
        return self.seconds * self.workers


def grid_run(benchmarks: Iterable[Mapping]) -> GridRun | None:
    """The sweep of a record, None where it has none."""
    for one in benchmarks:
        if about := one["extra_info"].get("grid_run"):
            return GridRun(
                command=about["command"],
                workers=about["workers"],
                seconds=one["stats"]["median"],
                trials=tuple(about["trials"]),
            )
    return None


def task_amounts(benchmarks: Benchmarks) -> pd.DataFrame:
    """Rows and tokens of each task, and the operations that its grid asks for.

    `rows` and `tokens` of the train split, once; `grid_tokens` what the grid trains on;
    `flops` of training and of predicting dev once a trial.
    """
    rows = {}
    for about in _about(benchmarks, "lengths"):
        train, dev = about["lengths"]["train"], about["lengths"]["dev"]
        shape = StepShape(**about["shape"])
        tokens = sum(length * count for length, count in enumerate(train))
        rows[about["grid_task"]] = {
            "rows": sum(train),
            "tokens": tokens,
            "grid_tokens": TRIALS * EPOCHS * tokens,
            "flops": grid_flops(shape, train, dev),
        }
    return _by_task(rows, ["rows", "tokens", "grid_tokens", "flops"])


def grid_flops(shape: StepShape, train: Sequence[int], dev: Sequence[int]) -> int:
    """Operations of the grid on so many examples of each length: 0, 1, ... tokens."""
    flops = 0
    for split, count_flops, times in (
        (train, training_flops, EPOCHS),
        (dev, lambda one: sum(forward_flops(one).values()), 1),
    ):
        for length, count in enumerate(split):
            example = replace(shape, batch=1, length=length)
            flops += TRIALS * times * count * count_flops(example)
    return flops


def peer_rates(benchmarks: Benchmarks) -> pd.DataFrame:
    """Examples a second in training by task and batch size, a column for each way."""
    return _rates(benchmarks, "training", ["grid_task", "batch_size"])


def peer_times(benchmarks: Benchmarks) -> pd.DataFrame:
    """Seconds of the grid by task, a column for each way; NaN where a part lacks."""
    rows = task_amounts(benchmarks)["rows"]
    training = peer_rates(benchmarks)
    evaluation = _rates(benchmarks, "evaluation", ["grid_task"])
    dev = {
        about["grid_task"]: sum(about["lengths"]["dev"])
        for about in _about(benchmarks, "lengths")
    }
    times: dict[str, dict] = {}
    for task in rows.index:
        wanted = pd.MultiIndex.from_product([[task], BATCH_SIZES])
        trained = 1 / training.reindex(wanted)
        trained = trained.sum(skipna=False) * len(LEARNING_RATES) * EPOCHS * rows[task]
        evaluated = TRIALS * dev[task] / evaluation.reindex([task]).iloc[0]
        times[task] = (trained + evaluated).to_dict()
    return _by_task(times, [TO_128, PER_BATCH])


def our_rates(run: GridRun, rows: Mapping[str, int]) -> pd.Series:
    """Examples a second in training by task and batch size, over all workers.

    NaN of a task whose `rows` are not known.
    """
    frame = _trials(run)
    trained = frame["task"].map(rows) * EPOCHS
    sums = frame.assign(examples=trained).groupby(["task", "batch_size"])
    examples = sums["examples"].sum(min_count=1)
    return examples / (sums["seconds"].sum() / run.workers)


def our_times(run: GridRun) -> pd.Series:
    """Seconds of the grid by task, NaN where there are not all trials of one grid.

    What the trials took of the workers: starting and waiting are not in it. One that
    lost its worker has no time, and so leaves the grid without.
    """
    frame = _trials(run)
    tasks = frame.groupby("task", sort=False)
    times = tasks["seconds"].sum() / run.workers
    return times.where(tasks.size() == TRIALS)


def whole_grid(peer: Benchmarks, run: GridRun | None, product: float) -> pd.DataFrame:
    """A row for each task and "all": seconds of each way, ratios and the floor.

    `product` is the operations a second of the matrix product. "all" holds the wall
    time of our sweep, so starting and waiting, too; it is NaN in a column that lacks a
    task. NaN is what was not measured.
    """
    amounts = task_amounts(peer).reindex(list(GRID_TASKS))
    frame = peer_times(peer).reindex(amounts.index)
    frame["ours"] = our_times(run) if run else float("nan")
    frame["grid_tokens"] = amounts["grid_tokens"]
    frame["floor"] = amounts["flops"] / product
    frame.loc["all"] = frame.sum(skipna=False)
    if not pd.isna(frame.loc["all", "ours"]):
        frame.loc["all", "ours"] = run.seconds
    for way in (TO_128, PER_BATCH):
        frame[f"times {way}"] = frame[way] / frame["ours"]
    frame["times floor"] = frame["ours"] / frame["floor"]
    return frame


def where_time_goes(run: GridRun) -> pd.Series:
    """Part -> its share of the workers' time, as far as the trials recorded it."""
    core_seconds, parts = run.core_seconds, {}
    in_trials = sum(trial["seconds"] for trial in run.trials)
    for trial in run.trials:
        for part, seconds in trial.get("spent", {}).items():
            parts[part] = parts.get(part, 0.0) + seconds
    parts["in trials, of which no more is recorded"] = in_trials - sum(parts.values())
    parts["outside trials: starting, planning, records, waiting"] = (
        core_seconds - in_trials
    )
    return pd.Series(parts) / core_seconds


def computed_per_real(run: GridRun) -> float:
    """Tokens computed for each real one; NaN where trials did not record it."""
    tokens = [trial.get("tokens") for trial in run.trials]
    if not tokens or not all(tokens):
        return float("nan")
    return sum(t["computed"] for t in tokens) / sum(t["real"] for t in tokens)


def cache_gains(benchmarks: Iterable[Mapping]) -> pd.DataFrame:
    """Seconds to tokenise a task, and to read it from the cache, by task."""
    rows = {
        one["extra_info"]["cached_task"]: {
            "rows": one["extra_info"]["rows"],
            "made_in": one["extra_info"]["made_in"],
            "read_in": one["stats"]["median"],
        }
        for one in benchmarks
        if "cached_task" in one["extra_info"]
    }
    return _by_task(rows, ["rows", "made_in", "read_in"])


def scores_beside(peer: Benchmarks, run: GridRun | None) -> pd.DataFrame:
    """Scores on dev of the configurations that the peer was trained on to the end.

    A row for each configuration and way, ours with the same hyper-parameters below the
    peer's: `seeds`, `mean` and `spread`, the standard deviation, NaN of fewer than two.
    """
    found: dict[tuple, list[float]] = {}
    for one in _about(peer, "score"):
        key = one["grid_task"], one["batch_size"], one["learning_rate"], one["peer"]
        found.setdefault(key, []).append(one["score"])
    rows = []
    for (task, batch_size, rate, way), scores in found.items():
        ours = [
            trial["score"]
            for trial in (run.trials if run else ())
            if (trial["task"], trial["batch_size"]) == (task, batch_size)
            and trial["learning_rate"] == rate
            and trial["score"] is not None
        ]
        about = {"task": task, "batch_size": batch_size, "learning_rate": rate}
        rows.append(about | {"way": f"transformers, {way}"} | _summary(scores))
        rows.append(about | {"way": "ours"} | _summary(ours))
    return pd.DataFrame(rows).drop_duplicates(ignore_index=True)


def _summary(scores: Sequence[float]) -> dict[str, float]:
    return {
        "seeds": len(scores),
        "mean": statistics.mean(scores) if scores else float("nan"),
        "spread": statistics.stdev(scores) if len(scores) > 1 else float("nan"),
    }


def _about(benchmarks: Benchmarks, part: str) -> list[Mapping]:
    found = [one["extra_info"] for one in benchmarks]
    return [one for one in found if "grid_task" in one and one["part"] == part]


def _rates(benchmarks: Benchmarks, part: str, keys: list[str]) -> pd.DataFrame:
    """Examples a second, the median of the turns, a column for each way."""
    columns = [*keys, "peer", "examples", "seconds"]
    frame = pd.DataFrame(_about(benchmarks, part), columns=columns)
    frame["rate"] = frame["examples"] / frame["seconds"]
    medians = frame.groupby([*keys, "peer"], sort=False)["rate"].median()
    return medians.unstack("peer").reindex(columns=[TO_128, PER_BATCH])


def _by_task(rows: Mapping[str, Mapping], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns)


def _trials(run: GridRun) -> pd.DataFrame:
    columns = ["task", "batch_size", "seconds"]
    frame = pd.DataFrame(run.trials, columns=columns)
    return frame[frame["seconds"] > 0]
