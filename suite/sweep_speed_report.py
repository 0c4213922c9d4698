"""The section about the whole grid: ours beside transformers' recipe and the floor.

It is made of two records of results/performance/: `peer_sweep.json` and `sweep.json`,
which pytest-benchmark wrote (suite/test_peer_sweep.py, suite/test_whole_grid.py). What
is not in them is said not to be measured. The numbers are made in suite/sweep_speed.py.
"""

import statistics
from collections.abc import Callable, Mapping

import pandas as pd

from suite.markdown import NOTHING, frame_table
from suite.savings import ALL, savings
from suite.step_rates import products
from suite.sweep_growth import costs_by_task, line_through
from suite.sweep_speed import (
    PER_BATCH,
    TO_128,
    Benchmarks,
    GridRun,
    cache_gains,
    computed_per_real,
    grid_run,
    our_rates,
    peer_rates,
    scores_beside,
    task_amounts,
    where_time_goes,
    whole_grid,
)

PEER_RECORD, OUR_RECORD, SAVINGS_RECORD = "peer_sweep", "sweep", "savings"
_OPTIONS = "--glue-dir DIR --checkpoint DIR --benchmark-json results/performance"
COMMANDS = {
    PEER_RECORD: f"tox -e peers -- -k peer_sweep {_OPTIONS}/{PEER_RECORD}.json",
    OUR_RECORD: f"tox -e benchmark -- -k whole_grid {_OPTIONS}/{OUR_RECORD}.json",
    SAVINGS_RECORD: f"tox -e benchmark -- -k savings {_OPTIONS}/{SAVINGS_RECORD}.json",
}

_ABOUT = (
    "The documented grid, 5 batch sizes × 4 learning rates, 4 epochs, on one seed: "
    "seconds on all cores. *ours*: the sweep as it is typed, all its trials run; of a "
    "task, what its trials took of the workers, and of all, the wall time. "
    "*transformers*: its Trainer by its GLUE recipe, every text padded to 128 (its "
    "script's default) or each batch to its longest. It is timed for some seconds of "
    "each batch size, the median of the turns, and what the grid would take follows: "
    "4 learning rates × 4 epochs × rows over the rate, summed over the batch sizes, "
    "and 20 evaluations of dev; its start, 20 times, and saving are left out.\n\n"
    "*Floor*: what the model asks for (`suite/model_flops.py`) of the real tokens, in "
    "training and in predicting dev, at the rate of a large float32 matrix product on "
    "all cores, measured beside the peer."
)


def grid_section(records: Mapping[str, Mapping], made_on: Callable) -> list[str]:
    """The section's parts; `made_on(name, record, command)` says where and by what."""
    parts = ["## The whole grid"]
    for name, command in COMMANDS.items():
        if name not in records:
            parts.append(f"Not measured yet: `{command}`.")
    if not records:
        return parts
    benchmarks = {name: record["benchmarks"] for name, record in records.items()}
    run = grid_run(benchmarks.get(OUR_RECORD, ()))
    parts += [_ABOUT, *grid_tables(benchmarks.get(PEER_RECORD, ()), run)]
    if not (gains := savings(benchmarks.get(SAVINGS_RECORD, ()))).empty:
        parts += ["### What each saving gains", savings_table(gains)]
    gains = cache_gains(benchmarks.get(OUR_RECORD, ()))
    if run and not gains.empty:
        parts += _growth(costs_by_task(run, gains["rows"]))
    if not gains.empty:
        parts += ["### A task is tokenised once", cache_table(gains)]
    if run:
        parts.append(f"Ours: `{run.command}` (its places left out).")
    parts += [made_on(name, one, COMMANDS[name]) for name, one in records.items()]
    if len({_machine(record) for record in records.values()}) > 1:
        parts.append(
            "Ours and the peer were measured on different machines, so that the ratios "
            "compare machines, too."
        )
    return parts


def grid_tables(peer: Benchmarks, run: GridRun | None) -> list[str]:
    """Every table that the peer's benchmarks and the sweep allow."""
    found = products(peer)
    product = statistics.median(found) if found else float("nan")
    parts = [grid_table(whole_grid(peer, run, product))]
    if found:
        parts.append(
            f"Matrix product: {product / 1e9:,.0f} GFLOP/s, the median of turns from "
            f"{min(found) / 1e9:,.0f} to {max(found) / 1e9:,.0f}."
        )
    parts += ["### By batch size", rate_table(peer, run)]
    if run:
        parts += ["### Where the sweep's time goes", *_where(run)]
    if not (scores := scores_beside(peer, run)).empty:
        parts += ["### Same hyper-parameters, same scores?", score_table(scores)]
    return parts


def grid_table(grid: pd.DataFrame) -> str:
    """What `whole_grid` found, as a table."""
    shown = pd.DataFrame(
        {
            "Real tokens, millions": (grid["grid_tokens"] / 1e6).map(_decimal),
            f"transformers, {TO_128}": grid[TO_128].map(_whole),
            f"transformers, {PER_BATCH}": grid[PER_BATCH].map(_whole),
            "ours": grid["ours"].map(_whole),
            f"Times ours, {TO_128}": grid[f"times {TO_128}"].map(_decimal),
            f"Times ours, {PER_BATCH}": grid[f"times {PER_BATCH}"].map(_decimal),
            "Floor": grid["floor"].map(_decimal),
            "Ours, times the floor": grid["times floor"].map(_decimal),
        }
    )
    return frame_table(shown.rename_axis("Task"))


def rate_table(peer: Benchmarks, run: GridRun | None) -> str:
    """Examples a second in training, a row for each task and batch size."""
    rates = peer_rates(peer)
    if run:
        ours = our_rates(run, task_amounts(peer)["rows"])
        rates = rates.reindex(rates.index.union(ours.index))
        rates["ours"] = ours
    rates = rates.sort_index()
    rates.columns = [n if n == "ours" else f"transformers, {n}" for n in rates]
    shown = rates.map(_whole).rename_axis(["Task", "Batch"]).reset_index()
    return (
        "Examples a second, in training and with all that belongs to it.\n\n"
        + frame_table(shown.astype(str), index=False)
    )


def score_table(scores: pd.DataFrame) -> str:
    """What `scores_beside` found, in points."""
    shown = pd.DataFrame(
        {
            "Task": scores["task"],
            "Configuration": [
                f"batch {row.batch_size}, lr {row.learning_rate:g}"
                for row in scores.itertuples()
            ],
            "Way": scores["way"],
            "Seeds": scores["seeds"].map(str),
            "Mean": (100 * scores["mean"]).map(_decimal),
            "Spread": (100 * scores["spread"]).map(_decimal),
        }
    )
    return (
        "Main score on dev, in points; *spread* is the standard deviation over seeds."
        f"\n\n{frame_table(shown, index=False)}"
    )


def savings_table(gains: pd.DataFrame) -> str:
    """What `savings` found, as a table."""
    shown = pd.DataFrame({"With all, ms a step": gains[ALL].map(_decimal)})
    for name in gains.columns.drop(ALL):
        shown[f"Without {name}"] = gains[name].map("{:.2f} ×".format)
    shown = shown.rename_axis(["Task", "Batch"]).reset_index().astype(str)
    return (
        "A step of a trial in a stack of four, and how many times that it takes when "
        "one saving is left out. None changes what is learnt.\n\n"
        + frame_table(shown, index=False)
    )


def cache_table(gains: pd.DataFrame) -> str:
    """What `cache_gains` found, as a table."""
    shown = pd.DataFrame(
        {
            "Training rows": gains["rows"].map(_whole),
            "Tokenised, seconds": gains["made_in"].map("{:.3f}".format),
            "Read from the cache, seconds": gains["read_in"].map("{:.3f}".format),
        }
    )
    return frame_table(shown.rename_axis("Task"))


def _growth(costs: pd.DataFrame) -> list[str]:
    """How what a trial takes goes with examples and lengths."""
    if costs.empty:
        return []
    parts = ["### Cost as work grows", growth_table(costs)]
    if line := line_through(costs):
        parts.append(
            f"A straight line through the tasks: {line.seconds:.1f} seconds for a "
            f"trial, whatever it is, and {1e6 * line.seconds_per_token:.0f} "
            f"microseconds for each real token (correlation {line.correlation:.3f})."
        )
    return parts


def growth_table(costs: pd.DataFrame) -> str:
    """What `costs_by_task` found, as a table, the smallest task first."""
    costs = costs.sort_values("tokens")
    shown = pd.DataFrame(
        {
            "Training rows": costs["rows"].map(_whole),
            "Real tokens a row": costs["length"].map(_decimal),
            "Real tokens a trial, millions": (costs["tokens"] / 1e6).map(_decimal),
            "Seconds a trial": costs["seconds"].map(_decimal),
            "Microseconds a real token": (1e6 * costs["per_token"]).map(_decimal),
            "Overhead": costs["overhead"].map(lambda share: f"{100 * share:.1f} %"),
        }
    )
    return (
        "Seconds of one worker, the mean over the 20 trials of a grid. *Overhead* is "
        "all that is neither training nor prediction: reading, packing, compiling.\n\n"
        + frame_table(shown.rename_axis("Task"))
    )


def _where(run: GridRun) -> list[str]:
    """Shares of the workers' time, and what is computed beside what is asked for."""
    shares = where_time_goes(run).map(lambda share: f"{100 * share:.1f} %")
    failed = sum(trial["status"] != "finished" for trial in run.trials)
    stacks = sorted({t["stack"] for t in run.trials if t.get("stack")})
    parts = [
        f"{run.seconds:,.0f} seconds with {run.workers} workers; {len(run.trials)} "
        f"trials in stacks of {', '.join(map(str, stacks)) or 'an unrecorded size'}, "
        f"{failed} failed.",
        frame_table(shares.to_frame("Share").rename_axis("Part")),
    ]
    if not pd.isna(ratio := computed_per_real(run)):
        parts.append(f"Computed for each real token: {ratio:.2f} tokens.")
    return parts


def _machine(record: Mapping) -> str:
    return record["machine_info"]["accelerator"]["machine"]


def _whole(number: float) -> str:
    return NOTHING if pd.isna(number) else f"{number:,.0f}"


def _decimal(number: float) -> str:
    return NOTHING if pd.isna(number) else f"{number:,.1f}"
