"""Would GLUE's server take this zip? Every fault of it, ours or another's.

Nothing is unpacked: the members that are expected are read into memory, each up to a
limit that follows from its number of rows, and no other is read at all, so that a zip
made to exhaust memory is refused. What is inside a file is judged in
suite/submission/rows.py.
"""

import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from reference.errors import InputError
from suite.glue_files import split_path
from suite.markdown import counted
from suite.submission.files import BY_NAME, FILES, PredictionFile
from suite.submission.rows import Complaint, read_rows, shown
from suite.tsv import count_rows

# A whole submission is some 5 MB before it is compressed.
MOST_BYTES = 16 * 2**20
# An index of six digits, the longest word or number, and room for what is a fault.
BYTES_OF_A_ROW = 48
BYTES_OF_A_HEADER = 1000
_MOST_NAMES_TOLD = 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1  # of a member's flags
# What zipfile raises for a damaged archive, beside its own exception.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    ValueError,
    OverflowError,
    OSError,
)


@dataclass(frozen=True, eq=False)
class Checked:
    """What is wrong with a zip, and the predictions of its files without fault."""

    path: Path
    complaints: tuple[Complaint, ...]
    predictions: Mapping[str, np.ndarray]  # by file name

    @property
    def passed(self) -> bool:
        return not self.complaints

    def as_dict(self) -> dict:
        """The same for JSON, without the predictions."""
        return {
            "zip": str(self.path),
            "passed": self.passed,
            "faults": [asdict(c) | {"text": str(c)} for c in self.complaints],
        }

    def __str__(self) -> str:
        """A line for each fault, and one that says how many there are."""
        if self.passed:
            rows = sum(file.rows for file in FILES)
            return f"{self.path}: {len(FILES)} files, {rows:,} predictions, no fault."
        faults = counted(len(self.complaints), "fault")
        return "\n".join([*map(str, self.complaints), f"{self.path}: {faults}."])


def check_zip(path: str | os.PathLike, glue_dir: Path | None = None) -> Checked:
    """Check a zip; InputError only where there is no such file.

    With `glue_dir`, the copy of GLUE it was predicted from, a wrong number of rows is
    traced to that copy where it comes from there.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected a zip, found no such file; check the name")
    size = path.stat().st_size
    if size > MOST_BYTES:
        expected = f"at most {MOST_BYTES:,} bytes"
        remedy = "leave out all but the eleven files of predictions"
        return Checked(path, (Complaint(path.name, expected, f"{size:,}", remedy),), {})
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED as error:
        found = f"one that cannot be read ({error})"
        remedy = "make the zip again"
        return Checked(path, (Complaint(path.name, "a zip", found, remedy),), {})
    with archive:
        return _checked(path, archive, glue_dir)


def _checked(path: Path, archive: zipfile.ZipFile, glue_dir: Path | None) -> Checked:
    members = [m for m in archive.infolist() if m.filename.split("/")[-1] in BY_NAME]
    complaints = list(_name_complaints(archive.namelist()))
    predictions = {}
    for file in FILES:
        own = [m for m in members if m.filename.split("/")[-1] == file.name]
        if not own:
            complaints.append(_missing(file, archive.namelist()))
            continue
        raw, complaint = _read(archive, own[0], file)
        if complaint:
            complaints.append(complaint)
            continue
        rows = _glue_rows(glue_dir, file)
        read = read_rows(file, raw, member=own[0].filename, glue_rows=rows)
        complaints += read.complaints
        if read.values is not None:
            predictions[file.name] = read.values
    return Checked(path, tuple(complaints), predictions)


def _name_complaints(names: Sequence[str]) -> Iterator[Complaint]:
    """On members that have no place in the zip; each name is told once."""
    counts = Counter(names)
    told = [c for name in counts for c in _misnamed(name, counts[name])]
    yield from told[:_MOST_NAMES_TOLD]
    if len(told) > _MOST_NAMES_TOLD:
        found = f"{len(told) - _MOST_NAMES_TOLD:,} more such names"
        remedy = "leave out all but the eleven files of predictions"
        yield Complaint("the zip", f"{len(FILES)} files", found, remedy)


def _misnamed(name: str, times: int) -> Iterator[Complaint]:
    base = name.split("/")[-1]
    if times > 1:
        what = "each name once", f"it {times} times", "make the zip anew, not added to"
        yield Complaint(_plain(name), *what)
    if base != name and base in BY_NAME:
        remedy = "zip the files without their folder (zip -j)"
        yield Complaint(_plain(name), "no folders", "a file in a folder", remedy)
    elif name.endswith("/"):
        remedy = "zip the files without their folder (zip -j)"
        yield Complaint(_plain(name), "no folders", "a folder", remedy)
    elif base not in BY_NAME:
        expected = f"only {', '.join(f.label for f in FILES)}, each .tsv"
        yield Complaint(_plain(name), expected, "another name", _how_to_name(name))


def _how_to_name(name: str) -> str:
    similar = _similar(name)
    if similar:
        return f"name it {similar}"
    if name.startswith("__MACOSX/") or name.endswith(".DS_Store"):
        return "macOS put it there: zip on the command line, with zip -X"
    if name == "MNLI.tsv":
        return "write MNLI-m.tsv and MNLI-mm.tsv"
    return "leave it out"


def _similar(name: str) -> str | None:
    """The file that a name is likely meant to be."""

    def letters(text: str) -> str:
        return "".join(c for c in text.lower() if c.isalnum())

    known = {letters(own): own for own in BY_NAME}
    return known.get(letters(name))


def _missing(file: PredictionFile, names: Sequence[str]) -> Complaint:
    expected = f"it among the {len(FILES)} files"
    remedy = "add it: GLUE's server refuses a zip without it"
    if any(_similar(name) == file.name for name in names):
        remedy = "a file of a similar name is there: rename it"
    elif file.task.name == "AX":
        remedy = f"{remedy} (the MNLI model predicts it, from AX/diagnostic.tsv)"
    return Complaint(file.name, expected, "no such file", remedy)


def _read(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: PredictionFile
) -> tuple[bytes, Complaint | None]:
    """A member's bytes, or why it is not read."""
    name = _plain(member.filename)
    most = BYTES_OF_A_HEADER + BYTES_OF_A_ROW * file.rows
    if member.flag_bits & _ENCRYPTED:
        what = "a readable file", "an encrypted one", "zip without a password"
        return b"", Complaint(name, *what)
    if member.compress_type not in _METHODS:  # others are not bounded when unpacked
        found = f"method {member.compress_type}"
        remedy = "zip with the usual compression"
        return b"", Complaint(name, "a stored or deflated file", found, remedy)
    raw = b""
    if member.file_size <= most:
        try:
            with archive.open(member) as opened:
                raw = opened.read(most + 1)
        except _DAMAGED as error:
            found = f"a damaged one ({error})"
            return b"", Complaint(name, "a readable file", found, "make the zip again")
    size = max(member.file_size, len(raw))
    if size > most:
        expected = f"at most {most:,} bytes for {file.rows:,} rows"
        remedy = "write one index and one prediction a line, and nothing else"
        return b"", Complaint(name, expected, f"{size:,}, not read", remedy)
    return raw, None


def _glue_rows(glue_dir: Path | None, file: PredictionFile) -> int | None:
    if glue_dir is None:
        return None
    path = split_path(glue_dir, file.task, file.split)
    return count_rows(path, file.task.unlabelled) if path.is_file() else None


def _plain(name: str) -> str:
    """A member's name on one line, whatever is in it."""
    return name if name.isprintable() and len(name) <= 80 else shown(name)
