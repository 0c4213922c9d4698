"""A corpus of many files to pre-training data: one shard a file, in parallel.

A shard is what the original makes of its one file with the shard's own seed. It
depends on nothing else, so that shards may be made in any order and by any number of
workers, the memory needed is that of a shard for each worker, and a run that was
stopped goes on with the shards it had not finished. Beside each shard's TFRecords
stands a sidecar, JSON that says what they were made of; it is written last.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from reference.errors import InputError
from reference.files import file_sha256, written_whole
from reference.instances import InstanceSettings
from reference.json_files import read_json_object
from reference.shards import write_shard
from reference.tokenization import Tokenizer
from suite.corpus_check import CheckedText, check_room, check_text
from suite.jobs import Job

FORMAT = 1  # of a shard; a change of the code that changes records makes it another


@dataclass(frozen=True)
class Shards:
    """The shards of a corpus; the seed of `settings` is what theirs derive from."""

    inputs: tuple[Path, ...]
    directory: Path
    vocab: Path
    lower_case: bool
    settings: InstanceSettings
    least_documents: int = 2  # of a file

    def __post_init__(self):
        names = Counter(self.records(path).name for path in self.inputs)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise InputError(
                "--input: expected files of different names, since each names its "
                f"shard; found more than one for {', '.join(twice)}"
            )

    def records(self, path: Path) -> Path:
        """Where the records of one input file go: its name without .txt, .gz, .xz."""
        name = path.name
        for suffix in (".gz", ".xz", ".txt"):
            name = name.removesuffix(suffix)
        return self.directory / f"{name}.tfrecord"

    def sidecar(self, path: Path) -> Path:
        return self.records(path).with_suffix(".json")

    def settings_of(self, path: Path) -> InstanceSettings:
        """The common settings with the shard's seed.

        It comes from the file's name, so that files may be added to a corpus.
        """
        source = f"{self.settings.seed}:{path.name}"
        digest = hashlib.sha256(source.encode()).digest()
        return replace(self.settings, seed=int.from_bytes(digest[:4], "big"))


@dataclass(frozen=True)
class Inspected:
    """An input file that was read, and whether its shard is there."""

    text: CheckedText
    is_made: bool


def inspection_jobs(shards: Shards) -> list[Job]:
    """One job per input file: is it text, and is its shard there?"""
    return [
        Job(inspect, (shards, path), cost=path.stat().st_size if path.exists() else 0)
        for path in shards.inputs
    ]


def inspect(shards: Shards, path: Path, report) -> Inspected:
    """Job: read a file and look for its shard.

    InputError for what is no text, or a shard that was made otherwise.
    """
    text = check_text(path, shards.settings, shards.least_documents)
    return Inspected(text, _is_made(shards, text))


def shard_jobs(shards: Shards, inspected: Sequence[Inspected]) -> list[Job]:
    """One job per shard that is not there; InputError if the disk cannot hold them."""
    missing = [one.text for one in inspected if not one.is_made]
    check_room(shards.directory, sum(text.words for text in missing), shards.settings)
    _remove_left_behind(shards.directory)
    return [Job(make_shard, (shards, text), cost=text.words) for text in missing]


def make_shard(shards: Shards, text: CheckedText, report) -> dict:
    """Job: the records of one file and then their sidecar, which is returned."""
    tokenizer = Tokenizer.from_file(shards.vocab, shards.lower_case)
    records = shards.records(text.path)
    counts = write_shard(
        [text.path],
        [records],
        tokenizer,
        shards.settings_of(text.path),
        lambda done, total: report((done, total)),
    )
    output = {
        "name": records.name,
        "bytes": records.stat().st_size,
        "sha256": file_sha256(records),
    }
    origin = _origin(shards, text, tokenizer)
    sidecar = {**origin, "counts": counts, "output": output}
    with written_whole(shards.sidecar(text.path)) as file:
        file.write(json.dumps(sidecar, indent=2) + "\n")
    return sidecar


def check_whole(records: Path) -> None:
    """InputError for records that have another size than a sidecar beside them says.

    TFRecords that were cut off between two records look like fewer of them.
    """
    sidecar = records.with_suffix(".json")
    output = read_json_object(sidecar).get("output") if sidecar.exists() else None
    stated = output.get("bytes") if isinstance(output, dict) else None
    if stated is not None and records.exists() and stated != records.stat().st_size:
        raise InputError(
            f"{records}: expected {stated:,} bytes, as {sidecar.name} says, found "
            f"{records.stat().st_size:,}; make the shard again with the verb instances"
        )


def _is_made(shards: Shards, text: CheckedText) -> bool:
    """Whether the shard of this text is there and whole."""
    sidecar, records = shards.sidecar(text.path), shards.records(text.path)
    if not sidecar.exists():
        return False
    tokenizer = Tokenizer.from_file(shards.vocab, shards.lower_case)
    try:
        found = json.loads(sidecar.read_text(encoding="utf-8"))
        for part, wanted in _origin(shards, text, tokenizer).items():
            for name, value in wanted.items():
                if found[part][name] != value:
                    raise InputError(
                        f"{sidecar}: expected {part} {name} {value}, found that the "
                        f"shard was made with {found[part][name]}; use another "
                        "--output-dir, or remove the shard and its sidecar"
                    )
        sha256 = found["output"]["sha256"]
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(
            f"{sidecar}: expected what this verb writes beside a shard, found other "
            "content; remove it, or use another --output-dir"
        ) from error
    return records.exists() and file_sha256(records) == sha256


def _origin(shards: Shards, text: CheckedText, tokenizer: Tokenizer) -> dict:
    """All that decides what the records are."""
    settings = shards.settings_of(text.path).as_json()
    return {
        "shard": {"format": FORMAT},
        "input": {"name": text.path.name, "sha256": text.sha256},
        "vocabulary": {"sha256": tokenizer.sha256, "lower_case": shards.lower_case},
        "parameters": {"seed_of_all_shards": shards.settings.seed} | settings,
    }


def _remove_left_behind(directory: Path) -> None:
    """Remove what killed processes had begun to write (see reference/files.py)."""
    for path in directory.glob(".*.part"):
        process = path.name.split(".")[-2]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            path.unlink()
