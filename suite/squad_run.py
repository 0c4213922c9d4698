"""A sweep on SQuAD 1.1 in a run directory: checkpoints over lists of configurations."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from reference.errors import InputError
from suite.plan import Entry, Grid
from suite.recorded_sweep import Begun, Execution, Places, complete
from suite.records import RunDirectory
from suite.run_description import begun, resumed
from suite.squad_files import completeness, read_squad
from suite.squad_trials import SquadSources, run_squad_stack
from suite.sweep import Sweep
from suite.tasks import SQUAD


@dataclass(frozen=True)
class SquadFiles:
    """What is trained on, and what is answered."""

    train: tuple[Path, ...]
    dev: Path

    @classmethod
    def in_directory(cls, directory: Path) -> "SquadFiles":
        """The official file names; InputError where one is not there."""
        files = cls((directory / "train-v1.1.json",), directory / "dev-v1.1.json")
        for path in (*files.train, files.dev):
            if not path.is_file():
                raise InputError(
                    f"{path}: expected SQuAD 1.1 under its official names, found no "
                    "such file; name what is there by --train FILE... and --dev FILE"
                )
        return files


def squad_sweep(
    places: Places,
    checkpoint_dirs: Sequence[Path],
    files: SquadFiles,
    grid: Grid,
    execution: Execution,
    console: Console,
) -> None:
    """Run what the run directory lacks, and record what was run."""
    from reference.checkpoint import read_checkpoint

    checkpoints = [read_checkpoint(path) for path in checkpoint_dirs]
    for one in checkpoints:
        one.config.check_sequence_length(grid.max_seq_length, str(one.directory))
    content = _content(files)
    run = RunDirectory(places.run)
    described = begun(checkpoints, grid) | {"sample": False, "skipped": {}}
    described = resumed(run, described) | {"squad": content["splits"]}
    entries = [_entry(one, files, content, places) for one in checkpoints]
    work = Sweep(run, entries, grid, execution.stack)
    complete(Begun(work, places, described), grid, execution, console)


def _content(files: SquadFiles) -> dict:
    """Digest, number of train questions, and what run.json says of the splits."""
    train = [read_squad(path, is_training=True) for path in files.train]
    ids = [example.id for questions in train for example in questions.examples]
    if len(set(ids)) < len(ids):
        raise InputError(
            f"{files.train[-1]}: expected other questions than in the files before it, "
            "found some again; give each once"
        )
    dev = read_squad(files.dev)
    digests = "".join(one.sha256 for one in (*train, dev))
    whole = len(train) == 1 and completeness(train[0], "train") == "complete"
    return {
        "sha256": hashlib.sha256(digests.encode()).hexdigest(),
        "questions": len(ids),
        "splits": {
            "train": {
                "files": [path.name for path in files.train],
                "questions": len(ids),
                "completeness": "complete" if whole else "partial",
            },
            "dev": {
                "files": [files.dev.name],
                "questions": len(dev),
                "completeness": completeness(dev, "dev"),
            },
        },
    }


def _entry(checkpoint, files: SquadFiles, content: dict, places: Places) -> Entry:
    sources = SquadSources(
        checkpoint=checkpoint.directory.resolve(),
        train=tuple(path.resolve() for path in files.train),
        dev=files.dev.resolve(),
        cache=(places.work / "tokenised").resolve(),
        answers=(places.work / "answers").resolve(),
    )
    return Entry(
        sources=sources,
        checkpoint_sha256=checkpoint.sha256,
        model=checkpoint.name,
        masking=checkpoint.masking,
        task=SQUAD,
        data_sha256=content["sha256"],
        train_rows=content["questions"],
        job=run_squad_stack,
    )
