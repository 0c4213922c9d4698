"""The page about speed: steps beside the peers', utilisation, where the time goes.

It is made of the records of results/performance/, one for each machine and backend and
two for the whole grid, which pytest-benchmark wrote; the page names the file and the
command of each. What is not in a record is said not to be measured. Nothing is measured
here; the grid and the resampling have modules of their own
(suite/sweep_speed_report.py, suite/resampling_speed.py).
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from reference.json_files import read_json_object
from suite.markdown import NOTHING, frame_table, table
from suite.pages import records_at, write_page
from suite.resampling_speed import RECORD, resampling_section
from suite.step_rates import products, profiles, step_rates
from suite.sweep_speed_report import COMMANDS, grid_section

MEASURED = ("tensorflow", "jax")  # a record of each is expected
_INTRODUCTION = (
    "One training step, float32 unless a record says otherwise, with dropout, clipping "
    "and weight decay, on full sequences of random pieces and the whole vocabulary: no "
    "saving that shorter sentences or a smaller vocabulary allow. *ours*: "
    "`reference.training.Trainer`, *× K* as a stack of K trials, per trial. "
    "*transformers*: `BertForPreTraining` and `BertForSequenceClassification` with "
    "PyTorch's fused AdamW, eager or compiled; its pre-training computes logits at "
    "every token, ours at the masked ones. *KerasHub*: `BertMaskedLM` (which has no "
    "next-sentence head) and `BertTextClassifier` on the backend that ours is on, "
    "compiled by XLA. The ways take turns within one process; each number is the "
    "median of its turns, with the fastest and the slowest turn.\n\n"
    "*Times ours*: above one, ours is faster. *Utilisation*: the operations that the "
    "model asks for (`suite/model_flops.py`) over the rate of a large matrix product "
    "on the same backend, measured beside it."
)
_ABOUT_PROFILES = (
    "Of one step of ours, from the profiler's trace of the operations that XLA ran "
    "(`suite/step_profile.py` says how they are told apart). Every moment belongs to "
    "what runs in it, so that the parts add up to the step; a part that keeps only one "
    "core busy counts as long as one that keeps all."
)


def write_performance_report(records: Path, reports_dir: Path) -> Path:
    """Write performance.md from every record there is; returns the file."""
    page = reports_dir / "performance.md"
    paths = sorted(records.glob("*.json"))
    found = {p.stem: read_json_object(p) for p in paths}
    of_grid = {n: found.pop(n) for n in COMMANDS if n in found}
    resampling = resampling_section(found.pop(RECORD, None), _made_on)
    parts = ["# Speed", "Generated; do not edit.", *grid_section(of_grid, _made_on)]
    parts += ["## One step", _INTRODUCTION]
    for name, record in found.items():
        parts += _section(name, record)
    for backend in MEASURED:
        if backend not in found:
            parts += [f"### {backend}", f"Not measured yet: `{_command(backend)}`."]
    if not any(
        _machine(record)["device"].startswith("GPU") for record in found.values()
    ):
        parts += ["### On a GPU", "Not measured yet."]
    parts += resampling
    return write_page(page, parts)


def speed_table(rates: pd.DataFrame) -> str:
    """What `step_rates` found, as a table."""
    rows = [
        [
            row.workload,
            row.way,
            f"{row.milliseconds:,.1f}",
            f"{row.fastest:,.1f} to {row.slowest:,.1f}",
            f"{row.tokens:,.0f}",
            NOTHING if pd.isna(row.ratio) else f"{row.ratio:.2f}",
            NOTHING if pd.isna(row.utilisation) else f"{100 * row.utilisation:.0f} %",
        ]
        for row in rates.itertuples()
    ]
    header = ("Step", "Way", "ms", "Turns, ms", "Tokens/s", "Times ours", "Utilisation")
    return table(header, rows, sample=False)


def profile_table(profiled: Mapping[str, Mapping]) -> str:
    """The share of a step of each part, a column for each profile."""
    shares = pd.DataFrame(
        {
            workload: pd.Series(profile["parts"]) / sum(profile["parts"].values())
            for workload, profile in profiled.items()
        }
    )
    # Parts that only one of them has come last in a union.
    order = sorted(shares.index, key=list(_order(profiled)).index)
    shown = shares.reindex(order).map(
        lambda share: NOTHING if pd.isna(share) else f"{100 * share:.1f} %"
    )
    return frame_table(shown.rename_axis("part"))


def _order(profiled: Mapping[str, Mapping]) -> dict[str, None]:
    longest = max(profiled.values(), key=lambda profile: len(profile["parts"]))
    others = [profile["parts"] for profile in profiled.values()]
    return dict.fromkeys([*longest["parts"], *(p for parts in others for p in parts)])


def _section(name: str, record: Mapping) -> list[str]:
    benchmarks = record["benchmarks"]
    parts = [f"### {name}", _made_on(name, record, _command(name))]
    rates = step_rates(benchmarks)
    parts.append("Steps: not measured." if rates.empty else speed_table(rates))
    if found := products(benchmarks):
        parts.append(
            f"Matrix product: {min(found) / 1e9:,.0f} to {max(found) / 1e9:,.0f} "
            "GFLOP/s over the turns."
        )
    parts += ["#### Where the time goes", _ABOUT_PROFILES]
    return [*parts, *_profiles(profiles(benchmarks))]


def _profiles(profiled: Mapping[str, Mapping]) -> list[str]:
    if not profiled:
        return ["Not measured."]
    largest = [
        [workload, _named(one), one["part"], f"{one['milliseconds']:.1f}"]
        for workload, profile in profiled.items()
        for one in profile["largest"]
    ]
    header = ("Step", "Operation", "Part", "ms")
    return [
        profile_table(profiled),
        "The operations that take longest:",
        table(header, largest, sample=False),
    ]


def _named(operation: Mapping) -> str:
    """Its name and the shape of its result, the first of its shapes."""
    return f"{operation['name']} → {' × '.join(map(str, operation['shapes'][0]))}"


def _made_on(name: str, record: Mapping, command: str) -> str:
    """The machine, what it ran on it, how busy it was, and the command."""
    about = record["machine_info"]
    versions = [f"{package} {number}" for package, number in about["versions"].items()]
    settings = [f"{variable}={value}" for variable, value in about["settings"].items()]
    return (
        f"{', '.join(_machine(record).values())}; {', '.join(versions)}. Load average "
        f"at the start: {about['load_average']:.1f}. Settings: "
        f"{', '.join(settings) or 'none'}. Record: "
        f"{records_at(f'performance/{name}.json')}, made by `{command}`."
    )


def _machine(record: Mapping) -> Mapping[str, str]:
    return record["machine_info"]["accelerator"]


def _command(stem: str) -> str:
    backend = f"KERAS_BACKEND={stem} " if stem in MEASURED[1:] else ""
    return f"{backend}tox -e peers -- --benchmark-json results/performance/{stem}.json"
