"""What GLUE's own files are said to hold is what they hold."""

import csv
from pathlib import Path

import pytest

from suite.doctor import facts
from suite.doctor.survey import survey
from suite.glue_files import split_path
from suite.tasks import TASKS

COMPLETE = sorted({*facts.LABEL_COUNTS, *facts.TEXTS_WITH_QUOTES})


def test_labels_and_rows_agree():
    for (task, split), counts in facts.LABEL_COUNTS.items():
        assert sum(counts.values()) == TASKS[task].rows[split]
        assert set(counts) == set(TASKS[task].labels)
    mrpc = TASKS["MRPC"].rows
    assert mrpc["train"] + mrpc["dev"] == facts.MRPC_PAIRS


@pytest.mark.parametrize("key", COMPLETE, ids="/".join)
def test_counts_are_those_of_the_files(shared, key):
    path = _path(shared, key)
    found = survey(path, TASKS[key[0]].columns(key[1]))
    assert found.rows == TASKS[key[0]].rows[key[1]]
    assert found.quotes.texts == facts.TEXTS_WITH_QUOTES.get(key, 0)
    assert dict(found.labels) == facts.LABEL_COUNTS.get(key, dict(found.labels))
    assert found.byte_order_mark == (key in facts.WITH_BYTE_ORDER_MARK)
    assert found.line_end_at_end == (key not in facts.WITHOUT_LAST_LINE_END)


@pytest.mark.parametrize("key", facts.ROWS_READ_AS_CSV, ids="/".join)
def test_rows_that_a_csv_reader_finds(shared, key):
    with open(_path(shared, key), encoding="utf-8-sig", newline="") as file:
        _header, *rows = csv.reader(file, delimiter="\t")
    assert len(rows) == facts.ROWS_READ_AS_CSV[key]


@pytest.mark.parametrize("key", COMPLETE, ids="/".join)
def test_headers_are_those_of_the_files(shared, key):
    path = _path(shared, key)
    first = path.read_text(encoding="utf-8-sig").partition("\n")[0].split("\t")
    official = facts.header(TASKS[key[0]], key[1])
    assert list(official) in (first, [])
    assert bool(official) == TASKS[key[0]].columns(key[1]).header


def test_a_header_tells_whose_file_it_is():
    assert facts.owners(("index", "question", "sentence", "label")) == {
        ("QNLI", "train"),
        ("QNLI", "dev"),
    }
    assert facts.owners(("index", "sentence1", "sentence2")) == {
        ("RTE", "test"),
        ("WNLI", "test"),
        ("AX", "test"),
    }
    assert facts.owners(("a", "b")) == set()


def _path(shared: Path, key: tuple[str, str]) -> Path:
    return split_path(shared / "data/glue", TASKS[key[0]], key[1])
