"""What is done to a file of GLUE, by programs and by people, and what is said of it."""

import csv
import io
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from suite.doctor.finding import Level
from suite.doctor.glue import examine_glue
from suite.doctor.states import TaskReport

Damage = Callable[[Path], None]


def copied(source: Path, target: Path, *tasks: str) -> Path:
    """Copies of .tsv files that can be written, whether or not the sources can."""
    for path in (path for task in tasks for path in (source / task).glob("*.tsv")):
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.parent.name / path.name)
    return target


def named(glue_dir: Path, level: Level = Level.FAULT) -> set[tuple[str, str]]:
    """The findings of a level: name, and file or folder."""
    return names(examine_glue(glue_dir), glue_dir, level)


def names(
    reports: Iterable[TaskReport], glue_dir: Path, level: Level
) -> set[tuple[str, str]]:
    return {
        (finding.name, str(finding.file.relative_to(glue_dir)))
        for report in reports
        for finding in report.findings
        if finding.level == level
    }


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def rewritten(change: Callable[[bytes], bytes], name: str) -> Damage:
    """All bytes of a file, changed."""

    def damage(glue: Path) -> None:
        path = glue / name
        path.write_bytes(change(path.read_bytes()))

    return damage


def relined(change: Callable[[list[bytes]], list[bytes]], name: str) -> Damage:
    """The lines of a file, changed; they keep their ends."""
    return rewritten(lambda raw: b"".join(change(raw.splitlines(keepends=True))), name)


def recelled(change: Callable[[list[str]], list[str]], name: str) -> Damage:
    """The cells of every row after the header, changed."""

    def each(raw: bytes) -> bytes:
        first, *rows = raw.decode().removesuffix("\n").split("\n")
        rows = ["\t".join(change(row.split("\t"))) for row in rows]
        return ("\n".join([first, *rows]) + "\n").encode()

    return rewritten(each, name)


def in_its_place(make: Callable[[Path], None], name: str) -> Damage:
    """Something else where a file is."""

    def damage(glue: Path) -> None:
        (glue / name).unlink()
        make(glue / name)

    return damage


def relabelled(names: dict[str, str], name: str, column: int = -1) -> Damage:
    def change(cells: list[str]) -> list[str]:
        cells[column] = names.get(cells[column], cells[column])
        return cells

    return recelled(change, name)


def written_as_csv(quoting: int, name: str) -> Damage:
    """As a program writes a table that it read well."""

    def change(raw: bytes) -> bytes:
        rows = [line.split("\t") for line in raw.decode().splitlines()]
        text = io.StringIO()
        writer = csv.writer(text, delimiter="\t", quoting=quoting, lineterminator="\n")
        writer.writerows(rows)
        return text.getvalue().encode()

    return rewritten(change, name)


def read_as_csv(name: str) -> Damage:
    """As a program reads a table that was not quoted, and writes it as it is."""

    def change(raw: bytes) -> bytes:
        rows = csv.reader(io.StringIO(raw.decode(), newline=""), delimiter="\t")
        cells = [[c.replace("\n", " ").replace("\t", " ") for c in row] for row in rows]
        return "".join("\t".join(row) + "\n" for row in cells).encode()

    return rewritten(change, name)


def shuffled(rows: list[bytes]) -> list[bytes]:
    return [rows[0], *random.Random(1).sample(rows[1:], len(rows) - 1)]


def joined_mrpc(glue: Path) -> None:
    """All of msr_paraphrase_train.txt as train, and no dev."""
    train, dev = glue / "MRPC/train.tsv", glue / "MRPC/dev.tsv"
    train.write_bytes(train.read_bytes() + b"".join(lines(dev)[1:]))
    dev.unlink()
    (glue / "MRPC/dev_ids.tsv").unlink(missing_ok=True)


def exchanged(one: str, other: str) -> Damage:
    """Two files or folders change names."""

    def damage(glue: Path) -> None:
        (glue / one).rename(glue / "aside")
        (glue / other).rename(glue / one)
        (glue / "aside").rename(glue / other)

    return damage


def replaced(name: str, source: str, rows: slice = slice(None)) -> Damage:
    """A file by the header and some rows of another."""

    def damage(glue: Path) -> None:
        header, *others = lines(glue / source)
        (glue / name).write_bytes(b"".join([header, *others[rows]]))

    return damage


def renamed(name: str, other: str) -> Damage:
    return lambda glue: (glue / name).rename(glue / other)


def removed(name: str) -> Damage:
    return lambda glue: (glue / name).unlink()
