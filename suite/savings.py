"""What each saving of fine-tuning gains, from what pytest-benchmark measured.

Takes benchmarks as --benchmark-json keeps them, made by suite/test_savings.py. Nothing
is measured here.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

ALL = "nothing"


def savings(benchmarks: Iterable[Mapping]) -> pd.DataFrame:
    """A row for each task and batch size.

    Under ALL the milliseconds of a trial's step with every saving; under the name of a
    saving how many times that a step takes without it.
    """
    rows: dict[tuple[str, int], dict[str, float]] = {}
    for one in benchmarks:
        about = one["extra_info"]
        if "without" in about:
            case = about["saving_task"], about["batch_size"]
            milliseconds = 1e3 * one["stats"]["median"] / about["steps"]
            rows.setdefault(case, {})[about["without"]] = milliseconds
    if not rows:
        return pd.DataFrame()
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.index = found.index.set_names(["task", "batch_size"])
    times = found.drop(columns=ALL).div(found[ALL], axis="index")
    return pd.concat([found[[ALL]], times], axis="columns")
