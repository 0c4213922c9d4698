"""Has a file as many rows as GLUE's own, and in its order; if not, why not?

Not here: rows that are torn in two (text.py), rows that are in two splits (splits.py).
"""

from collections.abc import Iterator

from suite.doctor.facts import (
    MOST_REPEATED,
    MRPC_PAIRS,
    QNLI_V1_ROWS,
    ROWS_READ_AS_CSV,
    WITHOUT_LAST_LINE_END,
    header,
    owners,
)
from suite.doctor.finding import Finding
from suite.doctor.labels import is_stand_in
from suite.doctor.text import SplitFile, fetch_again
from suite.tasks import TASKS

MRPC_SPLIT = (
    "part it with dev_ids.tsv, the 408 pairs of ids of the dev split "
    f"(mrpc_dev_ids.tsv), or {fetch_again('MRPC')}"
)


def row_findings(file: SplitFile) -> Iterator[Finding]:
    """What is wrong with the number and the order of the rows."""
    if file.survey.rows == 0:
        yield file.fault(
            "empty file", "no row", expected=_rows(file), advice=file.fetch
        )
    elif _is_cut(file):
        yield _truncated(file)
    elif file.is_named_partial:
        yield _partial(file)
    elif file.survey.rows != file.official:
        if told := _known_count(file) or _other_count(file):
            yield told
    else:
        yield from _order(file)
    if file.survey.rows <= file.official:
        yield from _repeated(file)


def _rows(file: SplitFile) -> str:
    return f"{file.official:,} rows"


def _partial(file: SplitFile) -> Finding:
    found = f"{file.survey.rows:,} of {_rows(file)}"
    if is_stand_in(file):
        shares = file.survey.labels
        return file.note(
            "stand-in",
            f"{found}, {shares['0']:,} of them of label 0",
            expected="a random part of GLUE's split, 63 % of label 0",
            advice="no score on it can be compared with a published one",
        )
    if file.survey.rows == file.official:
        name = file.survey.path.name.replace("_partial", "")
        advice = f"it has GLUE's number of rows: call it {name} if it is the whole"
        return file.note("partial split", found, advice=advice)
    advice = "a run on it is compared with nothing"
    if file.split == "train":
        advice = "a run on it needs --partial-train, and is compared with nothing"
    return file.note("partial split", found, advice=advice)


def _is_cut(file: SplitFile) -> bool:
    """Whether the last line is short of columns, or of its end in a file too short."""
    found = file.survey
    if found.other_widths and found.other_widths[-1][0] == found.lines:
        return True
    unended = not (found.line_end_at_end or file.is_named_partial)
    return unended and found.rows < file.official


def _truncated(file: SplitFile) -> Finding:
    found = file.survey
    return file.fault(
        "truncated file",
        f"{found.rows:,} whole rows, and a last line that breaks off",
        expected=_rows(file),
        line=found.lines,
        advice=file.fetch,
    )


def _known_count(file: SplitFile) -> Finding | None:
    """The numbers of rows, whole or torn, that copies are known to have."""
    rows = file.survey.rows + len(file.survey.other_widths)
    if file.key == ("MRPC", "train") and rows == MRPC_PAIRS:
        return file.fault(
            "MRPC's dev ids missing",
            f"{rows:,}, all of msr_paraphrase_train.txt",
            expected=_rows(file),
            advice=f"the dev split is still in it; {MRPC_SPLIT}",
        )
    if file.task.name == "QNLI" and rows == QNLI_V1_ROWS[file.split]:
        return file.fault(
            "QNLI v1",
            f"{rows:,} rows of the version that was withdrawn",
            expected=f"{_rows(file)} of QNLI v2",
            advice=f"published scores are on v2, QNLIv2.zip; {file.fetch}",
        )
    if rows == ROWS_READ_AS_CSV.get(file.key):
        return file.fault(
            "rows lost to quotes",
            f"{rows:,}, as many as a CSV reader makes of it",
            expected=_rows(file),
            advice=f"read with quoting off (QUOTE_NONE), or {file.fetch}",
        )
    return None


def _other_count(file: SplitFile) -> Finding | None:
    """None where torn rows, of which text.py speaks, explain it."""
    if file.survey.other_widths:
        return None
    rows, missing = file.survey.rows, file.official - file.survey.rows
    if whose := _split_with(file):
        name, why = "another split's file", f"{whose} has that many; {file.fetch}"
    elif missing == 1:
        name = "one row lost"
        why = "a reader with quoting on joins rows, or takes one for a header; "
        why += file.fetch
    elif missing > 0:
        name = "rows missing"
        why = f"name a part of a split {file.split}_partial.tsv, or {file.fetch}"
    else:
        name = "rows too many"
        repeated = file.survey.repeated
        why = f"{repeated:,} of them repeat the text of an earlier one; {file.fetch}"
    return file.fault(
        name, f"{rows:,}", expected=_rows(file), line=_gap(file), advice=why
    )


def _split_with(file: SplitFile) -> str | None:
    """The split with the same columns, of this or another task, with so many rows."""
    same = owners(header(file.task, file.split)) | {
        (file.task.name, split) for split in file.task.splits
    }
    for task, split in sorted(same, key=lambda key: key[0] != file.task.name):
        if TASKS[task].rows[split] == file.survey.rows:
            return f"{task}'s {split} split"
    return None


def _gap(file: SplitFile) -> int | None:
    """Where the first row is missing, in a file that counts its rows."""
    return None if file.survey.index_gap == 1 else file.survey.index_gap


def _repeated(file: SplitFile) -> Iterator[Finding]:
    """A part written many times over, as many rows as it makes."""
    rows, repeated = file.survey.rows, file.survey.repeated
    if repeated > MOST_REPEATED * rows:
        yield file.fault(
            "rows repeated",
            f"{repeated:,} of {rows:,} rows with the text of an earlier one",
            expected="hardly any",
            advice=file.fetch,
        )


def _order(file: SplitFile) -> Iterator[Finding]:
    if file.survey.index_gap is not None:
        told, why = file.fault, "scores of test predictions go by GLUE's order"
        if file.is_labelled:
            told, why = file.note, "training goes by the order of the rows"
        yield told(
            "rows in another order",
            "an index that is not its place",
            expected="the index 0, 1, 2, …",
            line=file.survey.index_gap,
            advice=f"{why}; sort by the index, or {file.fetch}",
        )
    unended = not file.survey.line_end_at_end
    if unended and file.key not in WITHOUT_LAST_LINE_END:
        yield file.note(
            "no line end at the end",
            "none",
            expected="one after the last row",
            line=file.survey.lines,
            advice="all rows are there, but the last one's text may be cut; see it",
        )
