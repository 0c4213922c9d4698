"""A tab-separated file gone through once, whatever is wrong with it.

Where suite/tsv.py refuses, this counts: the doctor names what is wrong, all of it, and
needs the rest of the file for that. A file is read line by line, since MNLI's train
split is hundreds of megabytes. Not here: what the counts mean
(text.py, layout.py, labels.py, rows.py).
"""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np

from suite.tsv import Columns

_LINES_BETWEEN_WORDS = 4096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass
class Quotes:
    """Texts with a double quote in them, of them quoted as CSV, of them doubling one.

    Quoted as CSV: wrapped in quotes, and every quote within doubled.
    """

    texts: int = 0
    wrapped: int = 0
    doubled: int = 0
    first_line: int | None = None  # with a doubled one

    def take(self, text: bytes, line: int) -> None:
        self.texts += 1
        inner = text[1:-1]
        if len(text) < 2 or not text.startswith(b'"') or not text.endswith(b'"'):
            return
        if b'"' not in inner.replace(b'""', b""):
            self.wrapped += 1
            if b'""' in inner:
                self.doubled += 1
                self.first_line = self.first_line or line


@dataclass
class Survey:
    """What is in a file. Lines count from 1, as in an editor.

    `rows` are those as wide as the first line; texts, labels and indices are theirs.
    """

    path: Path
    columns: Columns
    first: tuple[str, ...] = ()
    rows: int = 0
    lines: int = 0
    utf16: bool = False
    byte_order_mark: bool = False
    carriage_returns: int = 0
    stray_returns: list[int] = field(default_factory=list)  # not before a line feed
    nul: int | None = None  # the first line with a zero byte
    line_end_at_end: bool = False
    not_utf8: int | None = None  # the first such line
    blank: list[int] = field(default_factory=list)
    other_widths: list[tuple[int, int]] = field(default_factory=list)  # line, width
    quotes: Quotes = field(default_factory=Quotes)
    labels: Counter[str] = field(default_factory=Counter)
    label_lines: dict[str, int] = field(default_factory=dict)  # where first seen
    index_gap: int | None = None  # the first line whose index is not its place
    texts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # hashes

    @property
    def width(self) -> int:
        return len(self.first)

    @property
    def has_old_mac_ends(self) -> bool:
        """Whether lines end in carriage returns alone, so that all are one line."""
        return self.lines == 1 and bool(self.stray_returns)

    @property
    def is_unreadable(self) -> bool:
        """Whether there is nothing to say of its rows."""
        return self.utf16 or self.has_old_mac_ends

    @property
    def repeated(self) -> int:
        """Rows whose texts an earlier row has."""
        return self.rows - len(np.unique(self.texts))


def survey(
    path: Path, columns: Columns, advance: Callable[[int], None] = lambda size: None
) -> Survey:
    """Go through a file; `advance` is told now and then how many bytes were read."""
    found = Survey(path, columns)
    reader = _Reader(found)
    size = 0
    with open(path, "rb") as file:
        for line in file:
            reader.take(line)
            size += len(line)
            if found.utf16:
                break
            if found.lines % _LINES_BETWEEN_WORDS == 0:
                advance(size)
                size = 0
    advance(size)
    found.texts = np.array(reader.hashes, np.int64)
    # Bytes are counted as they are found, and made words once.
    found.labels = Counter({_word(k): n for k, n in reader.labels.items()})
    found.label_lines = {_word(k): n for k, n in reader.label_lines.items()}
    return found


class _Reader:
    """Takes line after line into a survey."""

    def __init__(self, found: Survey):
        self.found = found
        self.hashes = array("q")
        self.labels: Counter[bytes] = Counter()
        self.label_lines: dict[bytes, int] = {}
        used = (*found.columns.text, found.columns.label or 0)
        self._least = max(c + 1 if c >= 0 else -c for c in used)
        self._texts = itemgetter(*found.columns.text)
        self._has_index = False

    def take(self, line: bytes) -> None:
        found = self.found
        found.lines += 1
        if found.lines == 1:
            line = self._begin(line)
            if found.utf16:
                return
        found.line_end_at_end = line.endswith(b"\n")
        line = line.removesuffix(b"\n")
        if line.endswith(b"\r"):
            found.carriage_returns += 1
            line = line[:-1]
        if b"\r" in line:
            found.stray_returns.append(found.lines)
        if found.nul is None and b"\0" in line:
            found.nul = found.lines
        if found.not_utf8 is None and not line.isascii() and not _is_utf8(line):
            found.not_utf8 = found.lines
        self._take_cells(line)

    def _begin(self, line: bytes) -> bytes:
        found = self.found
        found.utf16 = line.startswith((b"\xff\xfe", b"\xfe\xff"))
        found.byte_order_mark = line.startswith(_BYTE_ORDER_MARK)
        line = line.removeprefix(_BYTE_ORDER_MARK)
        found.first = tuple(_word(cell) for cell in line.rstrip(b"\r\n").split(b"\t"))
        self._has_index = found.first[0] == "index"
        return line

    def _take_cells(self, line: bytes) -> None:
        found, cells = self.found, line.split(b"\t")
        if not line:
            found.blank.append(found.lines)
        elif len(cells) != found.width:
            found.other_widths.append((found.lines, len(cells)))
        elif not (found.columns.header and found.lines == 1):
            if self._has_index and found.index_gap is None:
                place = b"%d" % found.rows
                found.index_gap = None if cells[0] == place else found.lines
            found.rows += 1
            if found.width >= self._least:
                self._take_row(cells, b'"' in line)

    def _take_row(self, cells: list[bytes], has_quotes: bool) -> None:
        found = self.found
        self.hashes.append(hash(self._texts(cells)))
        if has_quotes:
            for column in found.columns.text:
                if b'"' in cells[column]:
                    found.quotes.take(cells[column], found.lines)
        if found.columns.label is not None:
            label = cells[found.columns.label]
            self.labels[label] += 1
            self.label_lines.setdefault(label, found.lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _word(cell: bytes) -> str:
    return cell.decode(errors="replace")
