"""The page about pre-training data: speed, growth, and the original's oddities.

It is made of two records of results/data/: `instances.json`, which pytest-benchmark
wrote, and `oddities.json`, which `python -m suite oddities` wrote. A record that is not
there is said to be missing. Nothing is measured here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from reference.json_files import read_json_object
from suite.figures import growth_figure
from suite.instance_rates import (
    DUPE_FACTOR,
    growth,
    instance_rates,
    ratios,
    shard_ratios,
)
from suite.markdown import NOTHING, frame_table
from suite.pages import records_at, write_page

BENCHMARKS, ODDITIES = "instances.json", "oddities.json"
_SPEED_COMMAND = (
    "pytest suite/ --benchmark -k instances --text FILE... --vocab FILE "
    "--benchmark-json results/data/instances.json"
)
_ODDITIES_COMMAND = (
    "python -m suite oddities --input FILE... --vocab FILE "
    "--record results/data/oddities.json"
)


def write_data_report(records: Path, reports_dir: Path) -> list[Path]:
    """Write data.md and its figure; returns the files."""
    page, written = reports_dir / "data.md", []
    parts = ["# Pre-training data", "Generated; do not edit."]
    benchmarks = _read(records / BENCHMARKS)
    parts += _speed(benchmarks)
    if benchmarks and not (frame := growth(benchmarks["benchmarks"])).empty:
        figure = reports_dir / "figures" / "instances_growth.svg"
        written.append(growth_figure(figure, frame))
        parts += _growth(frame)
    parts += _oddities(_read(records / ODDITIES))
    return [write_page(page, parts), *written]


def _read(path: Path) -> dict | None:
    return read_json_object(path) if path.exists() else None


def _speed(benchmarks: Mapping | None) -> list[str]:
    rates = instance_rates(benchmarks["benchmarks"]) if benchmarks else {}
    if not rates:
        return ["## Speed", f"Not measured yet: `{_SPEED_COMMAND}`."]
    in_shards = shard_ratios(rates, growth(benchmarks["benchmarks"]))
    rows = pd.Series(rates).rename_axis(["way", "masking"]).unstack()
    frame = rows.reindex([w for w in ("original", "plain", "fast") if w in rows.index])
    about = benchmarks["machine_info"]["accelerator"]
    return [
        "## Speed",
        "Instances a second, text to TFRecords, on one core, start-up left out; the "
        "ways take turns, and each number is the median of its turns. *original*: the "
        "original's own code (WordPiece masking; its whole-word masking is not in the "
        "package that holds it); *plain*: `reference/instances.py`; *fast*: "
        "`reference/fast_instances.py`. All make the same records, which the "
        "measurement checks.",
        frame_table(frame.map(_counted)),
        "\n".join(f"- {line}" for line in (*ratios(rates), *in_shards)),
        f"Measured on {', '.join(about.values())}. Record: "
        f"{records_at(f'data/{BENCHMARKS}')}, made by `{_SPEED_COMMAND}` with "
        "the original in reach (`pip install --no-deps bert-tensorflow==1.0.4`).",
    ]


def _growth(frame: pd.DataFrame) -> list[str]:
    shown = pd.DataFrame(
        {
            "Shards": frame["shards"].map(str),
            "Workers": frame["workers"].map(str),
            "Masking": frame["masking"],
            "Characters": frame["characters"].map(_counted),
            "Instances": frame["instances"].map(_counted),
            "Seconds": frame["seconds"].map("{:.1f}".format),
            "Instances a second": frame["rate"].map(_counted),
            "Peak memory of a process, MB": frame["peak_mb"].map(_counted),
        }
    )
    return [
        "## Growth",
        "The whole command, start-up included, over more and more files, each a shard; "
        f"text gone through {DUPE_FACTOR} times.",
        frame_table(shown, index=False),
        "![Time grows with the shards, memory does not; the table has the same "
        "numbers](figures/instances_growth.svg)",
    ]


def _oddities(record: Mapping | None) -> list[str]:
    title = "## What the original's oddities do"
    if record is None:
        return [title, f"Not measured yet: `{_ODDITIES_COMMAND}`."]
    parts = [
        title,
        "The first row of each masking is the original; each other row leaves one of "
        "its oddities out (`--without NAME`), the last all of them. Shares are in per "
        "cent.",
        "- *Predictions*: tokens hidden in a sequence; *Budget used*: of the tokens "
        "that were to be hidden.\n"
        "- *## pieces*: of the hidden tokens, those that go on with a word; *Whole "
        "words*: of the words of several pieces with a piece hidden, those hidden "
        "whole.\n"
        "- *Special*: of the random replacements, special tokens and unused entries; "
        "*Same fate*: of pairs of neighbouring pieces of a word that are both hidden, "
        "those both masked, both kept or both replaced.\n"
        "- *Across [SEP]*: of the second segments that begin inside a word, with one "
        "side of the separator hidden, those with both sides hidden; *Labelled "
        "random*: of the next sentences.",
    ]
    effects = effect_table(record["effects"])
    for masking in effects.index.unique(level="masking"):
        parts += [f"### {masking}", frame_table(effects.loc[masking])]
    files = ", ".join(name for name, _ in record["input"])
    parts.append(
        f"Text: {files}. Record: {records_at(f'data/{ODDITIES}')}, made by "
        f"`{record['command']}`."
    )
    return parts


def effect_table(effects: Sequence[Mapping]) -> pd.DataFrame:
    """Counts to printed shares, by masking and by what was left out."""
    frame = pd.DataFrame(effects)
    hidden = frame["hidden"]
    shown = pd.DataFrame(
        {
            "Instances": frame["instances"].map(_counted),
            "Predictions a sequence": (hidden / frame["instances"]).map(
                "{:.2f}".format
            ),
            "Budget used": _shares(hidden, frame["budget"]),
            "## pieces": _shares(frame["hidden_continuations"], hidden),
            "Whole words": _shares(frame["whole_words"], frame["touched_words"]),
            "[MASK]": _shares(frame["masked"], hidden),
            "Kept": _shares(frame["kept"], hidden),
            "Random": _shares(frame["random"], hidden),
            "Special": _shares(frame["random_special"], frame["random"]),
            "Same fate": _shares(frame["like_neighbours"], frame["hidden_neighbours"]),
            "Across [SEP]": _shares(frame["glued_together"], frame["glued_touched"]),
            "Labelled random": _shares(frame["random_next"], frame["instances"]),
        }
    )
    shown.index = pd.MultiIndex.from_arrays(
        [frame["masking"], frame["without"].map(_variant)],
        names=["masking", "without"],
    )
    return shown


def _variant(without: Sequence[str]) -> str:
    if not without:
        return "(the original)"
    return without[0] if len(without) == 1 else "all of them"


def _shares(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (100 * part / whole.where(whole > 0)).map(
        lambda share: NOTHING if pd.isna(share) else f"{share:.2f}"
    )


def _counted(number: float) -> str:
    return NOTHING if pd.isna(number) else f"{number:,.0f}"
