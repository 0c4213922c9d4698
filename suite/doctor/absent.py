"""Files and folders of GLUE that are not there, and what is there instead."""

from collections.abc import Container, Iterator
from pathlib import Path

from suite.doctor.finding import Finding, Level
from suite.doctor.text import fetch_again
from suite.glue_files import split_path
from suite.tasks import Task

# What folders are called elsewhere, in small letters and without signs.
_OTHER_NAMES = {
    "sst": "SST-2",
    "sts": "STS-B",
    "qnliv2": "QNLI",
    "diagnostic": "AX",
    "diagnostics": "AX",
    "multinli": "MNLI",
}


def absent_findings(
    glue_dir: Path, task: Task, present: Container[str]
) -> Iterator[Finding]:
    """A task that is not there may not be wanted; a split that is not there is told."""
    if not (glue_dir / task.name).is_dir():
        if other := _named_otherwise(glue_dir, task):
            yield _misnamed(glue_dir, task, other)
        return
    for split in task.splits:
        if split not in present:
            yield _absent(split_path(glue_dir, task, split), task, split)


def _misnamed(glue_dir: Path, task: Task, other: Path) -> Finding:
    advice = "unpack it" if other.is_file() else f"name it {task.name}"
    if other.suffix == ".tsv":  # AX is fetched as AX.tsv
        advice = f"make it {split_path(glue_dir, task, task.splits[0])}"
    return Finding(
        Level.NOTE,
        "folder named otherwise",
        other,
        other.name,
        f"the folder {task.name}",
        advice,
    )


def _absent(path: Path, task: Task, split: str) -> Finding:
    found, advice = _instead(path, task)
    is_extra = split.startswith("test") and task.name != "AX"
    if is_extra:
        advice = f"only predictions for GLUE's server need it; {advice}"
    level = Level.NOTE if is_extra else Level.FAULT
    return Finding(level, "file missing", path, found, path.name, advice)


def _instead(path: Path, task: Task) -> tuple[str, str]:
    """What stands there that is no file, the file in another form or under another
    name, and what to do."""
    if path.is_dir():
        return "a directory", f"move it away; {fetch_again(task.name)}"
    if path.is_symlink():
        return f"a link to {path.readlink()}, which is not there", "mend the link"
    names = {path.stem.lower(), task.name.lower()}
    if path.stem.startswith("dev"):
        names |= {path.stem.replace("dev", "validation"), "dev", "validation"}
    for other in sorted(path.parent.rglob("*")):
        if other.is_file() and other.name.partition(".")[0].lower() in names:
            if other.suffix == ".tsv":
                return str(other.relative_to(path.parent)), f"make it {path}"
            return other.name, f"it is of another form; {fetch_again(task.name)}"
    return "no such file", fetch_again(task.name)


def _named_otherwise(glue_dir: Path, task: Task) -> Path | None:
    for path in sorted(glue_dir.iterdir()):
        plain = _plain(path.stem)
        if plain == _plain(task.name) or _OTHER_NAMES.get(plain) == task.name:
            return path
    return None


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
