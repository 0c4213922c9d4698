"""Recorded verdicts, so that a test can tell when one no longer holds.

`results/runs/<run>/verdicts.json` lists the cells of a run's verdict table as they were
when the run was recorded. Recomputed from the same records they must be the same; a
change of code or of the published registry that turns a verdict shows up here.
"""

import json
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.cells import Cell
from suite.verdicts import verdict_table

_FILE = "verdicts.json"


def write_verdicts(run_dir: str | Path) -> Path:
    """Record a run's verdicts beside its records."""
    path = Path(run_dir) / _FILE
    with written_whole(path) as file:
        json.dump([_claim(c) for c in verdict_table(run_dir)], file, indent=1)
        file.write("\n")
    return path


def changed_verdicts(run_dir: str | Path) -> list[str]:
    """One line for each cell that is not as recorded; empty when all hold.

    InputError if there is nothing to compare with: a gate must not pass on nothing.
    """
    path = Path(run_dir) / _FILE
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected recorded verdicts, found {error}; write them with the "
            "report of the run"
        ) from error
    before = {_key(claim): claim for claim in recorded}
    now = {_key(claim): claim for claim in map(_claim, verdict_table(run_dir))}
    return [
        f"{' '.join(map(str, key))}: recorded {_said(before.get(key))}, "
        f"now {_said(now.get(key))}"
        for key in dict.fromkeys((*before, *now))
        if before.get(key) != now.get(key)
    ]


def _claim(cell: Cell) -> dict:
    return {
        "checkpoint": cell.checkpoint[:12],
        "model": cell.model,
        "masking": cell.masking,
        "task": cell.column.task,
        "metric": cell.column.metric,
        "split": cell.column.split,
        "verdict": cell.verdict,
        # Two decimals: what the table shows, and stable across machines.
        "ours": None if cell.ours is None else round(cell.ours, 2),
        "published": cell.published,
    }


def _key(claim: dict) -> tuple:
    names = ("checkpoint", "model", "masking", "task", "metric", "split")
    return tuple(claim.get(name) for name in names)


def _said(claim: dict | None) -> str:
    if claim is None:
        return "nothing"
    return f"{claim['verdict']} ({claim['ours']} beside {claim['published']})"
