"""Is it still the text that GLUE's file was: encoding, line ends, quoting, whole lines?

What programs do to a file that is opened and saved again, or read as CSV. Not here:
what the columns are (layout.py), how many rows there should be (rows.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from suite.doctor.facts import (
    QUOTED_BY_ITS_SOURCE,
    TEXTS_WITH_QUOTES,
    WITH_BYTE_ORDER_MARK,
)
from suite.doctor.finding import Finding, Level
from suite.doctor.survey import Survey
from suite.tasks import Task

_RESAVED = (
    "some program has saved it anew, and others than this suite may read it otherwise"
)
# Whether a file is UTF-16; if not, its lines end as those of old Macs.
_UNREADABLE = {
    True: (
        "not UTF-8",
        "UTF-16, which Windows calls Unicode",
        "UTF-8",
        "save it as UTF-8 without a byte-order mark",
    ),
    False: (
        "carriage returns",
        "lines that end in a carriage return alone",
        "line feeds",
        "save it with Unix line ends",
    ),
}
_UNQUOTED = "do not write it with a CSV writer"
# Fewer than this may be without quotes by chance in a part of a split.
_ENOUGH_QUOTES = 20


@dataclass(frozen=True)
class SplitFile:
    """A split's file: whose it should be, and what is in it."""

    task: Task
    split: str
    survey: Survey

    @property
    def key(self) -> tuple[str, str]:
        return self.task.name, self.split

    @property
    def official(self) -> int:
        """The rows of GLUE's own split."""
        return self.task.rows[self.split]

    @property
    def is_named_partial(self) -> bool:
        return self.survey.path.stem.endswith("_partial")

    @property
    def is_labelled(self) -> bool:
        """Whether GLUE's own file shows labels."""
        return self.survey.columns.label is not None

    @property
    def fetch(self) -> str:
        """The advice that always helps."""
        return fetch_again(self.task.name)

    def finding(self, level: Level, name: str, found: str, **more) -> Finding:
        return Finding(level, name, self.survey.path, found, **more)

    def fault(self, name: str, found: str, **more) -> Finding:
        return self.finding(Level.FAULT, name, found, **more)

    def note(self, name: str, found: str, **more) -> Finding:
        return self.finding(Level.NOTE, name, found, **more)


def fetch_again(task: str) -> str:
    return f"fetch it again: python -m suite fetch glue --task {task} --to DIR --force"


def text_findings(file: SplitFile) -> Iterator[Finding]:
    """What is wrong with a file as text; of some nothing else can be said."""
    if file.survey.is_unreadable:
        name, found, expected, advice = _UNREADABLE[file.survey.utf16]
        advice = f"{advice}, or {file.fetch}"
        yield file.fault(name, found, expected=expected, line=1, advice=advice)
        return
    yield from _encoding(file)
    if _has_quoted_header(file):
        yield file.fault(
            "CSV quoting",
            file.survey.first[0],
            expected="cells without quotes around them",
            line=1,
            advice=f"{_UNQUOTED}; {file.fetch}",
        )
    yield from _line_widths(file)


def _encoding(file: SplitFile) -> Iterator[Finding]:
    found = file.survey
    if found.not_utf8 is not None:
        yield file.fault(
            "not UTF-8",
            "bytes that are no UTF-8, as of Latin-1 or Windows-1252",
            expected="UTF-8",
            line=found.not_utf8,
            advice=file.fetch,
        )
    if found.byte_order_mark and file.key not in WITH_BYTE_ORDER_MARK:
        yield file.fault(
            "byte-order mark",
            "the bytes EF BB BF",
            expected="the first line at once, as in GLUE's own file",
            line=1,
            advice=f"{_RESAVED}; {file.fetch}",
        )
    if found.carriage_returns:
        yield file.fault(
            "Windows line ends",
            f"{found.carriage_returns:,} of {found.lines:,} lines that end in a "
            "carriage return and a line feed",
            expected="line feeds alone",
            advice=f"a reader may take the carriage return for a part of the last "
            f"column; {_RESAVED}; {file.fetch}",
        )
    if found.stray_returns:
        yield file.note(
            "carriage returns",
            f"{len(found.stray_returns):,} of {found.lines:,} lines with one that no "
            "line feed follows",
            expected="line feeds at the ends of lines",
            line=found.stray_returns[0],
            advice=f"many readers break the line there; {file.fetch}",
        )
    if found.nul is not None:
        yield file.fault(
            "zero bytes",
            "the byte 00",
            expected="text",
            line=found.nul,
            advice=f"the file is damaged, or of another encoding; {file.fetch}",
        )


def quote_findings(file: SplitFile) -> Iterator[Finding]:
    """Quotes put around texts, or taken out of them; of a file with its own columns."""
    quotes = file.survey.quotes
    if file.task.name == QUOTED_BY_ITS_SOURCE or _has_quoted_header(file):
        return
    if quotes.doubled and quotes.wrapped == quotes.texts:
        yield file.fault(
            "CSV quoting",
            f"all {quotes.texts:,} texts that hold a quote wrapped in quotes, and the "
            "quotes within doubled",
            expected="quotes as they stand in the text",
            line=quotes.first_line,
            advice=f"{_UNQUOTED}; {file.fetch}",
        )
    elif not quotes.texts and _should_have_quotes(file):
        yield file.fault(
            "quotes taken out",
            "none",
            expected=f"{TEXTS_WITH_QUOTES[file.key]:,} texts with a double quote",
            advice=f"it was read as CSV; read with quoting off, or {file.fetch}",
        )


def _has_quoted_header(file: SplitFile) -> bool:
    first = file.survey.first
    return len(first) > 1 and all(
        len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in first
    )


def _should_have_quotes(file: SplitFile) -> bool:
    share = file.survey.rows / file.official
    return TEXTS_WITH_QUOTES.get(file.key, 0) * share >= _ENOUGH_QUOTES


def _line_widths(file: SplitFile) -> Iterator[Finding]:
    """Blank lines, and lines that are cut or hold a tab too many.

    A last line that is cut is the end of a truncated file, of which rows.py speaks.
    """
    found = file.survey
    if found.blank:
        yield file.fault(
            "blank lines",
            f"{len(found.blank):,} without a word",
            expected="a row in every line",
            line=found.blank[0],
            advice=f"take them out, or {file.fetch}",
        )
    torn = [(line, width) for line, width in found.other_widths if line < found.lines]
    if torn:
        line, width = torn[0]
        yield file.fault(
            "torn rows",
            f"{width}, and {len(torn):,} such lines in all",
            expected=f"{found.width} tab-separated columns as on line 1",
            line=line,
            advice=_advice_on_torn_rows(file),
        )


def _advice_on_torn_rows(file: SplitFile) -> str:
    if file.task.name == "QQP":
        return (
            "GLUE's first QQP.zip had rows that a line end within a question tears; "
            "take QQP-clean.zip, or " + file.fetch
        )
    return f"a line end or a tab has come into a text; {file.fetch}"
