"""Strict reading of GLUE's tab-separated files: every line whole or an InputError.

No quoting and no stripping: the text of a cell is what stands between two tabs. What
the columns mean is not here (suite/tasks.py).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError

_LABEL_WORDS = ("entailment", "not_entailment", "contradiction", "neutral")


@dataclass(frozen=True)
class Columns:
    """Where a file keeps its texts and its label (0-based, negative from the end)."""

    text: tuple[int, ...]
    label: int | None = None
    header: bool = True


def read_rows(path: Path, columns: Columns) -> tuple[list[list[str]], str]:
    """The rows after the header, all equally wide, and the file's SHA-256."""
    lines, digest = _read_lines(path)
    rows = [line.split("\t") for line in lines]
    if len(rows) <= columns.header:
        raise InputError(
            f"{path}: expected examples, found an empty file; fetch the task again"
        )
    _check_width(path, rows, columns)
    if columns.header:
        _check_header(path, rows[0], columns)
        del rows[0]
    return rows, digest


def _read_lines(path: Path) -> tuple[list[str], str]:
    """Lines of a UTF-8 file; only line feeds end a line, so the text stays whole."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: expected a GLUE file, found none ({error.strerror}); check the "
            "directory or fetch the task"
        ) from error
    try:
        text = raw.decode("utf-8-sig")  # MRPC's files begin with a byte order mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: expected UTF-8 text, found byte "
            f"0x{raw[error.start]:02x}; save the file as UTF-8"
        ) from error
    lines = text.removesuffix("\n").split("\n") if text else []
    return [line.removesuffix("\r") for line in lines], hashlib.sha256(raw).hexdigest()


def _check_width(path: Path, rows: Sequence[list[str]], columns: Columns) -> None:
    used = (*columns.text, *(() if columns.label is None else (columns.label,)))
    least = max(c + 1 if c >= 0 else -c for c in used)
    width = len(rows[0])
    if width < least:
        raise InputError(
            f"{path}, line 1: expected at least {least} tab-separated columns, "
            f"found {width}; is this the right file?"
        )
    for line, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InputError(
                f"{path}, line {line}: expected {width} tab-separated columns as on "
                f"line 1, found {len(row)}; the row is cut off or holds a stray tab"
            )


def _check_header(path: Path, header: list[str], columns: Columns) -> None:
    """A file whose header is missing would silently lose its first example."""
    cell = header[0 if columns.label is None else columns.label]
    if cell in _LABEL_WORDS or is_number(cell):
        raise InputError(
            f"{path}, line 1: expected a header, found the value {cell!r}; put the "
            "official header line back"
        )


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def count_rows(path: Path, columns: Columns) -> int:
    """Rows without decoding the text: a last line may lack its line feed."""
    raw = path.read_bytes()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    return max(0, lines - columns.header)
