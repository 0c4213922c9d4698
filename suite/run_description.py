"""What `run.json` says of a sweep: what was run, with what, and on what.

A run that is resumed keeps what was said of it, and is not taken for another.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite import environment
from suite.documented_grid import BATCH_SIZES, LEARNING_RATES
from suite.origin import better_known
from suite.plan import Grid
from suite.records import RunDirectory
from suite.run_kind import kind_of
from suite.sources import Glue, describe_checkpoint

_LISTS = {"batch_sizes": BATCH_SIZES, "learning_rates": LEARNING_RATES}


def description(checkpoints: Sequence, glue: Glue, grid: Grid) -> dict:
    """What run.json says of a run on GLUE that begins now."""
    said = begun(checkpoints, grid) | {"sample": glue.sample, "skipped": glue.skipped}
    others = {
        "fresh_seeds": list(grid.fresh_seeds),
        "partial": glue.partial,
        "test_predictions": glue.test_predictions,
        "variations": [name for name in grid.variations if name],
    }
    said |= {name: value for name, value in others.items() if value}
    return said | other_lists(vars(grid))


def other_lists(*grids: Mapping) -> dict:
    """The lists of grids, taken together, where they are not the documented ones.

    In run.json too a list that is not named is the documented one.
    """
    found = {}
    for name, documented in _LISTS.items():
        used = {value for grid in grids for value in grid.get(name, documented)}
        if used != {*documented}:
            found[name] = sorted(used, reverse=name == "learning_rates")
    return found


def begun(checkpoints: Sequence, grid: Grid) -> dict:
    """What run.json says of any run that begins now."""
    return {
        "command": environment.command(),
        "commit": environment.commit(),
        "device": environment.machine(),
        "backend": environment.backend(),
        "versions": environment.versions(),
        "seeds": list(grid.seeds),
        "started": now(),
        "checkpoints": [describe_checkpoint(c) for c in checkpoints],
    }


def resumed(run: RunDirectory, described: dict) -> dict:
    """Keep what run.json says of a run that is resumed or has a checkpoint added.

    InputError where it is another's.
    """
    if not (run.path / "run.json").exists():
        return described
    before = run.run()
    theirs, ours = (kind_of(one.get("command", "")) for one in (before, described))
    if theirs and ours and theirs != ours:
        raise InputError(
            f"{run.path}: expected a run of {ours}, found one of {theirs}; name "
            "another --run-dir"
        )
    if before.get("sample") != described["sample"]:
        raise InputError(
            f"{run.path}: holds trials on {_data(before)}, these are on "
            f"{_data(described)}; name another directory, or remove this one"
        )
    if before.get("test_predictions") != described.get("test_predictions"):
        begun = "with" if before.get("test_predictions") else "without"
        raise InputError(
            f"{run.path}: was begun {begun} --test-predictions, which holds for all "
            "its trials; do so again, or name another directory"
        )
    both = [*before.get("checkpoints", []), *described["checkpoints"]]
    joined = {
        "started": before.get("started", described["started"]),
        "device": _all_of(before.get("device", ""), described["device"]),
        "checkpoints": _once(both),
    }
    for name in ("seeds", "fresh_seeds"):
        if seeds := {*before.get(name, []), *described.get(name, [])}:
            joined[name] = sorted(seeds)
    if partial := before.get("partial", {}) | described.get("partial", {}):
        joined["partial"] = partial
        skipped = described["skipped"].items()
        joined["skipped"] = {name: why for name, why in skipped if name not in partial}
    joined |= other_lists(before, described)
    return {k: v for k, v in described.items() if k not in _LISTS} | joined


def _all_of(before: str, now: str) -> str:
    """The machines of a run; which of them a trial ran on, its record says."""
    return "; ".join(dict.fromkeys(filter(None, (*before.split("; "), now))))


def _once(checkpoints: Sequence[Mapping]) -> list[dict]:
    """Each as it was described last; what was known of its origin stays known."""
    found: dict[str, dict] = {}
    for one in checkpoints:
        sha256 = one["sha256"]
        found[sha256] = better_known(found.get(sha256, one), one)
    return list(found.values())


def _data(description: dict) -> str:
    return "sample data" if description.get("sample") else "GLUE"


def write_versions(run: Path) -> None:
    """Keep every installed package beside the records."""
    with written_whole(run / "versions.txt") as file:
        for name, version in environment.installed_packages().items():
            file.write(f"{name}=={version}\n")


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
