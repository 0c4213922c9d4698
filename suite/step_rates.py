"""How fast training steps are, from what pytest-benchmark measured: ours and peers'.

Takes benchmarks as --benchmark-json keeps them, made by suite/test_peers.py: of each
workload and way, one for every turn. Nothing is measured here.
"""

import math
import statistics
from collections.abc import Iterable, Mapping

import pandas as pd

from suite.model_flops import StepShape, training_flops

OURS = "ours"
PRODUCT = "matrix product"


def step_rates(benchmarks: Iterable[Mapping]) -> pd.DataFrame:
    """A row for each workload and way, in the order measured.

    `milliseconds` is the median over the turns (each turn a median of its rounds), of
    one trial where several are stacked, `fastest` and `slowest` the extreme turns;
    `tokens` a second; `ratio` how many times its time ours takes less (above one: ours
    is faster), NaN where ours was not measured; `utilisation` the model's operations
    over those of the matrix product beside it, NaN where that was not measured.
    """
    turns: dict[tuple[str, str], list[Mapping]] = {}
    for one in benchmarks:
        if "workload" in one["extra_info"]:
            about = one["extra_info"]
            turns.setdefault((about["workload"], about["step_of"]), []).append(one)
    rates = {
        workload: 1 / statistics.median(map(_seconds_for_one, found))
        for (workload, way), found in turns.items()
        if way == PRODUCT
    }
    rows = [
        {"workload": workload, "way": way, "product": rates.get(workload, math.nan)}
        | _row(found)
        for (workload, way), found in turns.items()
        if way != PRODUCT
    ]
    if not rows:
        return pd.DataFrame()
    frame = pd.DataFrame(rows)
    ours = frame[frame["way"] == OURS].set_index("workload")["milliseconds"]
    frame["ratio"] = frame["milliseconds"] / frame["workload"].map(ours)
    frame["utilisation"] = frame["flops"] / frame["milliseconds"] * 1e3
    frame["utilisation"] /= frame["product"]
    return frame


def products(benchmarks: Iterable[Mapping]) -> list[float]:
    """Operations a second of every matrix product, one for each turn."""
    return [
        1 / _seconds_for_one(one)
        for one in benchmarks
        if one["extra_info"].get("step_of") == PRODUCT
    ]


def profiles(benchmarks: Iterable[Mapping]) -> dict[str, Mapping]:
    """Workload -> its profile, as suite/test_peers.py keeps it."""
    found = [one["extra_info"] for one in benchmarks]
    return {one["profiled"]: one for one in found if "profiled" in one}


def _row(turns: list[Mapping]) -> dict[str, float]:
    about = turns[0]["extra_info"]
    trials = about["trials"]
    milliseconds = [1e3 * one["stats"]["median"] / trials for one in turns]
    median = statistics.median(milliseconds)
    shape = StepShape(**about["shape"])
    return {
        "milliseconds": median,
        "fastest": min(milliseconds),
        "slowest": max(milliseconds),
        "turns": len(turns),
        "tokens": shape.batch * shape.length / median * 1e3,
        "flops": training_flops(shape),
    }


def _seconds_for_one(turn: Mapping) -> float:
    """The time of one of what a benchmark counts."""
    return turn["stats"]["median"] / turn["extra_info"]["amount"]
