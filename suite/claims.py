"""Recorded verdicts, so that a test can tell when one no longer holds.

`results/runs/<run>/verdicts.json` lists the cells of a run's verdict table as they were
when the run was recorded. Recomputed from the same records they must be the same; a
change of code or of the published registry that turns a verdict shows up here.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.cells import Cell
from suite.markdown import table
from suite.verdicts import verdict_table

_FILE = "verdicts.json"
_REPRODUCED = "reproduced"
_Key = tuple
_Claims = Mapping[_Key, dict]


def write_verdicts(run_dir: str | Path) -> Path:
    """Record a run's verdicts beside its records."""
    path = Path(run_dir) / _FILE
    with written_whole(path) as file:
        json.dump([_claim(c) for c in verdict_table(run_dir)], file, indent=1)
        file.write("\n")
    return path


def changed_verdicts(run_dir: str | Path) -> list[str]:
    """One line for each cell that is not as recorded; empty when all hold.

    Claims that were reproduced and no longer are stand first. InputError if there is
    nothing to compare with: a gate must not pass on nothing.
    """
    return _changes(_recorded(run_dir), _computed(run_dir))


def broken_claims(run_dir: str | Path) -> str:
    """Those lines and the table that they are of; "" when all hold."""
    before, now = _recorded(run_dir), _computed(run_dir)
    changes = _changes(before, now)
    return "\n".join([*changes, "", _beside(before, now)]) if changes else ""


def _recorded(run_dir: str | Path) -> _Claims:
    path = Path(run_dir) / _FILE
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected recorded verdicts, found {error}; write them with "
            f"`python -m suite report {run_dir} --record-verdicts`"
        ) from error
    return {_key(claim): claim for claim in recorded}


def _computed(run_dir: str | Path) -> _Claims:
    return {_key(claim): claim for claim in map(_claim, verdict_table(run_dir))}


def _changes(before: _Claims, now: _Claims) -> list[str]:
    changed = [
        key for key in dict.fromkeys((*before, *now)) if before.get(key) != now.get(key)
    ]
    changed.sort(key=lambda key: not _lost(before.get(key), now.get(key)))
    return [_change(key, before.get(key), now.get(key)) for key in changed]


def _change(key: _Key, before: dict | None, now: dict | None) -> str:
    lost = "no longer reproduced: " if _lost(before, now) else ""
    name = " ".join(map(str, key))
    return f"{lost}{name}: recorded {_said(before)}, now {_said(now)}"


def _lost(before: dict | None, now: dict | None) -> bool:
    was = bool(before) and before["verdict"] == _REPRODUCED
    return was and (not now or now["verdict"] != _REPRODUCED)


def _beside(before: _Claims, now: _Claims) -> str:
    """All cells in which there is a number of ours, as recorded and as they are now."""
    rows = [
        [
            *(str(part) for part in key),
            _said(before.get(key)),
            _said(now.get(key)),
            "" if before.get(key) == now.get(key) else "changed",
        ]
        for key in dict.fromkeys((*before, *now))
        if any(c and c["ours"] is not None for c in (before.get(key), now.get(key)))
    ]
    header = ("Checkpoint", "Model", "Masking", "Task", "Metric", "Split")
    return table((*header, "Recorded", "Now", ""), rows, sample=False)


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


def _key(claim: dict) -> _Key:
    names = ("checkpoint", "model", "masking", "task", "metric", "split")
    return tuple(claim.get(name) for name in names)


def _said(claim: dict | None) -> str:
    if claim is None:
        return "nothing"
    return f"{claim['verdict']} ({claim['ours']} beside {claim['published']})"
