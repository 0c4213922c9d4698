"""One file of predictions, as strictly as GLUE's server may read it.

Every fault is told once, with the first line that has it and how many more do. GLUE
does not document what its server makes of a byte order mark or of Windows line ends, so
both are faults here. Test labels that are public come in files of the same form, and
are read by the same rules.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from suite.submission.files import HEADER, HIGHEST, LOWEST, PredictionFile
from suite.tasks import Task

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf(inity)?)", re.IGNORECASE)
_LONGEST_SHOWN = 40
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Complaint:
    """A fault: where, what was expected, what was found, what to do. One line."""

    member: str
    expected: str
    found: str
    remedy: str
    line: int | None = None
    more: int = 0  # lines with the same fault

    def __str__(self) -> str:
        where = self.member if self.line is None else f"{self.member}, line {self.line}"
        more = f" (and {self.more:,} more lines)" if self.more else ""
        return (
            f"{where}: expected {self.expected}, found {self.found}{more}; "
            f"{self.remedy}"
        )


@dataclass(frozen=True, eq=False)
class Rows:
    """What a file holds: int32 [n] classes or float32 [n] scores; None with faults."""

    values: np.ndarray | None
    complaints: tuple[Complaint, ...]


def read_rows(
    file: PredictionFile,
    raw: bytes,
    *,
    member: str | None = None,
    header: tuple[str, str] = HEADER,
    glue_rows: int | None = None,
) -> Rows:
    """Read one file's bytes; `member` is what complaints call it.

    With `glue_rows`, how many rows the copy of GLUE has that was predicted from, a
    wrong number of rows is put down to the copy where that is its cause.
    """
    member = member or file.name
    text, complaints = _decoded(member, raw)
    if text is None:
        return Rows(None, tuple(complaints))
    lines = text.removesuffix("\n").split("\n") if text else []
    rows = [line.split("\t") for line in lines]
    first_line = 2
    if not rows or rows[0] != list(header):
        complaints.append(_wrong_header(member, rows, header))
        if rows and rows[0][0] == "0":  # there is none, the first example is the first
            first_line = 1
    rows = rows[first_line - 1 :]
    while rows and rows[-1] == [""]:
        line = len(rows) - 1 + first_line
        del rows[-1]
        if not rows or rows[-1] != [""]:
            what = "the end after the last example", "an empty line", "remove it"
            complaints.append(Complaint(member, *what, line=line))
    if len(rows) != file.rows:
        complaints.append(_wrong_count(member, file, len(rows), glue_rows))
    faults, cells = [_width(rows)], []
    if rows and not faults[0]:
        indices, cells = (list(column) for column in zip(*rows, strict=True))
        faults = [_index(indices), _value(file.task, cells)]
    complaints += [_placed(fault, member, first_line) for fault in faults if fault]
    if complaints:
        return Rows(None, tuple(complaints))
    return Rows(_values(file.task, cells), ())


def shown(text: str) -> str:
    """What was found, quoted, on one line, and not too much of it."""
    cut = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return repr(cut)


def _decoded(member: str, raw: bytes) -> tuple[str | None, list[Complaint]]:
    """Text with Unix line ends and no mark, and what had to be mended for that."""
    complaints = []
    if raw.startswith(_UTF16_MARKS):
        what = "UTF-8 text", "a byte order mark of UTF-16", "save the file as UTF-8"
        return None, [Complaint(member, *what, line=1)]
    if raw.startswith(_UTF8_MARK):
        remedy = "save the file as UTF-8 without it (the server may not take it)"
        what = "no byte order mark", "one (EF BB BF)", remedy
        complaints.append(Complaint(member, *what, line=1))
    try:
        text = raw.removeprefix(_UTF8_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{error.object[error.start]:02x}"
        what = "UTF-8 text", found, "save the file as UTF-8"
        return None, [*complaints, Complaint(member, *what, line=line)]
    if "\r" in text:
        line = re.split(r"\r", text, maxsplit=1)[0].count("\n") + 1
        windows = "\r\n" in text
        text, count = re.subn(r"\r\n?", "\n", text)
        what = (
            "Unix line ends (LF)",
            "Windows line ends (CR LF)" if windows else "carriage returns (CR)",
            "write the file with LF alone (the server may not take others)",
        )
        complaints.append(Complaint(member, *what, line=line, more=count - 1))
    return text, complaints


def _wrong_header(
    member: str, rows: Sequence[list[str]], header: tuple[str, str]
) -> Complaint:
    expected = f"the header {header[0]}<TAB>{header[1]}"
    if not rows:
        return Complaint(member, expected, "an empty file", "write the predictions")
    found = shown("\t".join(rows[0]))
    remedy = "write that header as the first line"
    if rows[0] == [",".join(header)]:
        remedy = "separate columns by tabs, not commas"
    elif len(rows[0]) > len(header) and rows[0][: len(header)] == list(header):
        remedy = "leave the other columns out"
    return Complaint(member, expected, found, remedy, line=1)


def _wrong_count(
    member: str, file: PredictionFile, found: int, glue_rows: int | None
) -> Complaint:
    remedy = f"predict every example of the test split of {file.task.name}"
    if file.task.name == "AX":
        remedy = "predict every example of AX/diagnostic.tsv with the MNLI model"
    siblings = [f for f in file.task.splits if f.startswith("test") and f != file.split]
    if any(found == file.task.rows[split] for split in siblings):
        remedy = "MNLI-m.tsv and MNLI-mm.tsv are likely swapped: exchange them"
    if found == glue_rows:
        remedy = (
            "the copy of GLUE that was given has as many, and is not GLUE's own: "
            "fetch it again and predict again"
        )
    return Complaint(member, f"{file.rows:,} examples", f"{found:,}", remedy)


def _placed(fault: Complaint, member: str, first_line: int) -> Complaint:
    """A fault of a row, counted from 0, as one of a line of the file."""
    return replace(fault, member=member, line=fault.line + first_line)


def _first(bad: Sequence[int], expected: str, found: str, remedy: str) -> Complaint:
    """The complaint on the first of the bad rows; `found` is what stands there."""
    what = "", expected, found, remedy
    return Complaint(*what, line=bad[0], more=len(bad) - 1)


def _width(rows: Sequence[list[str]]) -> Complaint | None:
    """Where it is wrong, nothing can be said of the cells."""
    bad = [number for number, row in enumerate(rows) if len(row) != len(HEADER)]
    if not bad:
        return None
    row = rows[bad[0]]
    found = f"{len(row)} ({shown(chr(9).join(row))})"
    remedy = "write one index, a tab and one prediction on each line"
    return _first(bad, "index<TAB>prediction, two columns", found, remedy)


def _index(found: Sequence[str]) -> Complaint | None:
    expected = list(map(str, range(len(found))))
    if found == expected:
        return None
    bad = [i for i, cell in enumerate(found) if cell != expected[i]]
    first = bad[0]
    remedy = "number the examples from 0 in the order of the test file"
    if first == 0 and found[0] == "1":
        remedy = "count from 0, not from 1"
    elif first and found[first] == expected[first - 1]:
        remedy = "this index is there twice: write each example once"
    elif sorted(found) == sorted(expected):
        remedy = "put the lines in the order of the test file"
    return _first(bad, f"index {first}", shown(found[first]), remedy)


def _value(task: Task, cells: Sequence[str]) -> Complaint | None:
    if task.labels is None:
        bad = [number for number, cell in enumerate(cells) if not _is_score(cell)]
        expected = f"a number from {LOWEST:.0f} to {HIGHEST:.0f}"
    else:
        # A few words, however many rows.
        unknown = set(cells) - set(task.labels)
        bad = [i for i, cell in enumerate(cells) if cell in unknown] if unknown else []
        expected = f"one of {', '.join(task.labels)}"
    if not bad:
        return None
    cell = cells[bad[0]]
    return _first(bad, expected, shown(cell), _remedy(task, cell))


def _is_score(cell: str) -> bool:
    """A finite number of STS-B's range, written plainly."""
    plain = _NUMBER.fullmatch(cell)
    return plain is not None and LOWEST <= float(cell) <= HIGHEST


def _remedy(task: Task, cell: str) -> str:
    """What a prediction that is none most likely wants."""
    if cell.strip(" \"'") != cell:
        return "write it without quotes and spaces"
    if task.labels is None:
        if _NOT_FINITE.fullmatch(cell):
            return "a model that gives no number has diverged: take another trial"
        return "clip to the range" if _NUMBER.fullmatch(cell) else "write a number"
    if cell.lower() in task.labels:
        return "write it in lower case"
    if _NUMBER.fullmatch(cell):
        if "0" not in task.labels:
            return "write the word of the class, not its number"
        whole = math.isfinite(float(cell)) and float(cell).is_integer()
        return "write the class" + (", a whole number" if whole else ", not a score")
    return "write the class by that word"


def _values(task: Task, cells: Sequence[str]) -> np.ndarray:
    if task.labels is None:
        return np.array([float(cell) for cell in cells], np.float32)
    index = {label: number for number, label in enumerate(task.labels)}
    return np.array([index[cell] for cell in cells], np.int32)
