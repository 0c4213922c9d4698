"""What a task's files say together: rows in two splits, MRPC's ids, published sums.

Not here: what one file says by itself (text.py, layout.py, labels.py, rows.py).
"""

from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import numpy as np

from reference.files import file_sha256
from suite.doctor.facts import CHECKSUMS, MOST_REPEATED
from suite.doctor.finding import Finding, Level
from suite.doctor.rows import MRPC_SPLIT
from suite.doctor.text import SplitFile, fetch_again


def overlap_findings(files: Mapping[str, SplitFile]) -> Iterator[Finding]:
    """Texts that two splits share; GLUE's own CoLA and STS-B have a few."""
    for split, file in files.items():
        for other, earlier in files.items():
            if _rank(other) < _rank(split) and file.survey.rows:
                yield from _overlap(file, earlier)


def _rank(split: str) -> int:
    return ("train", "dev", "test").index(split.partition("_")[0])


def _overlap(file: SplitFile, earlier: SplitFile) -> Iterator[Finding]:
    count = int(np.isin(file.survey.texts, earlier.survey.texts).sum())
    share = count / file.survey.rows
    found = (
        f"{count:,} of {file.survey.rows:,} rows ({share:.1%}) that are in "
        f"{earlier.survey.path.name}, too"
    )
    if share > MOST_REPEATED:
        yield file.fault(
            "rows in two splits",
            found,
            expected="hardly any",
            advice=f"a score on rows that were trained on is no score; {file.fetch}",
        )
    elif count:
        yield file.note(
            "rows in two splits", found, advice="as few as GLUE's own files may have"
        )


def mrpc_findings(directory: Path) -> Iterator[Finding]:
    """Whether train and dev are parted as dev_ids.tsv says, where that is there."""
    ids_file = directory / "dev_ids.tsv"
    if not ids_file.is_file():
        return
    ids = _pairs_of_ids(ids_file, 0)
    dev, train = directory / "dev.tsv", directory / "train.tsv"
    if train.is_file() and (shared := _pairs_of_ids(train, 1) & ids):
        yield Finding(
            Level.FAULT,
            "dev rows in train",
            train,
            f"{len(shared):,} pairs of ids of dev_ids.tsv",
            "none",
            MRPC_SPLIT,
        )
    if dev.is_file() and (missing := ids - _pairs_of_ids(dev, 1)):
        yield Finding(
            Level.FAULT,
            "another dev split",
            dev,
            f"{len(missing):,} of them missing",
            f"the {len(ids):,} pairs of ids of dev_ids.tsv",
            MRPC_SPLIT,
        )


def _pairs_of_ids(path: Path, column: int) -> set[tuple[bytes, bytes]]:
    """In either order: copies differ in it."""
    rows = (line.split(b"\t") for line in path.read_bytes().splitlines())
    return {
        tuple(sorted(row[column : column + 2])) for row in rows if len(row) > column + 1
    }


def checksum_findings(
    task: str, directory: Path, read: Container[Path]
) -> Iterator[Finding]:
    """Files that are used as they are downloaded, so that their sums are published.

    `read` are the files that a run reads; the others may differ.
    """
    for (owner, name), published in CHECKSUMS.items():
        path = directory / name
        if owner != task or not path.is_file():
            continue
        found = file_sha256(path)
        if found == published:
            yield Finding(Level.OK, "SHA-256", path, "the published one")
        else:
            yield Finding(
                Level.FAULT if path in read else Level.NOTE,
                "SHA-256",
                path,
                found,
                published,
                f"it is not the published file; {fetch_again(task)}",
            )
