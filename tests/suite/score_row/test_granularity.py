"""What rounding leaves possible, against counting every case there is."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.published import SCORE, TABLE_COLUMNS, TableColumn, load_published
from suite.score_row import granularity
from suite.score_row.granularity import (
    granularities,
    majority_splits,
    possible_splits,
    right_answers,
    right_answers_with_f1,
    swapped_pairs,
)
from suite.score_row.rows import PrintedScore, ScoreRow
from suite.tasks import TASKS
from suite.tsv import read_rows

quick = settings(derandomize=True, deadline=None, database=None, max_examples=50)


def score(text: str) -> PrintedScore:
    return PrintedScore(Fraction(text), len(text.partition(".")[2]))


def rounded(value: Fraction, decimals: int) -> PrintedScore:
    return PrintedScore(round(100 * value, decimals), decimals)


def row(**scores: str) -> ScoreRow:
    """`MRPC_f1="81.1"`; a task alone is its accuracy."""
    found = {}
    for name, text in scores.items():
        task, _, metric = name.replace("SST2", "SST-2").partition("_")
        found[TableColumn(task, metric or "accuracy", "test")] = score(text)
    return ScoreRow(found)


def published_row(model: str) -> ScoreRow:
    registry = load_published()
    return ScoreRow(
        {
            column: score(str(registry[model, column].value))
            for column in TABLE_COLUMNS
            if column != SCORE
        }
    )


@quick
@given(st.integers(1, 3000), st.integers(0, 4), st.data())
def test_what_was_counted_is_possible(rows, decimals, data):
    right = data.draw(st.integers(0, rows))
    assert right in right_answers(rounded(Fraction(right, rows), decimals), rows)


@pytest.mark.parametrize("rows", [1, 7, 71, 146])
def test_possible_is_what_some_count_rounds_to(rows):
    """Every score of one decimal; halves may go either way."""
    for tenths in range(1001):
        value = Fraction(tenths, 10)
        near = [
            k
            for k in range(rows + 1)
            if abs(Fraction(100 * k, rows) - value) <= Fraction(1, 20)
        ]
        assert list(right_answers(PrintedScore(value, 1), rows)) == near


@pytest.mark.parametrize(("rows", "positives"), [(12, 8), (12, 3), (12, None), (5, 5)])
def test_pairs_against_every_table(rows, positives):
    """Of F1 and accuracy all that some table of right and wrong answers gives."""
    shares = range(rows + 1) if positives is None else [positives]
    met = set()
    for share in shares:
        for found, spared in product(range(share + 1), range(rows - share + 1)):
            errors = rows - found - spared
            f1 = Fraction(2 * found, 2 * found + errors) if found else Fraction(0)
            met.add((rounded(f1, 1), found + spared))
    for f1, right in product({f1 for f1, _ in met}, range(rows + 1)):
        accuracy = rounded(Fraction(right, rows), 1)
        possible = right_answers_with_f1(accuracy, f1, rows, positives)
        assert possible == ([right] if (f1, right) in met else [])


@pytest.mark.parametrize(
    "model", ["BERT-Tiny", "BERT-Mini", "BERT-Small", "BERT-Medium"]
)
def test_published_rows_are_of_test(model):
    published = published_row(model)
    checked = granularities(published)
    assert possible_splits(checked) == ("test",)
    assert swapped_pairs(published) == majority_splits(published) == []
    (wnli,) = (g for g in checked if g.column.task == "WNLI")
    assert (wnli.fits["test"].right, wnli.fits["dev"].right) == (91, None)
    assert not any(g.only_v1 for g in checked)


SPLITS = {
    "WNLI of test": (row(WNLI="62.3"), 1, ("test",)),
    "WNLI of dev": (row(WNLI="56.3"), 1, ("dev",)),
    "RTE of dev, in full": (row(RTE="66.4259927798"), 1, ("dev",)),
    "RTE of three runs": (row(RTE="57.28"), 3, ("dev", "test")),
    "RTE of no single run": (row(RTE="57.28"), 1, ()),
    "accuracies of both": (row(WNLI="56.3", RTE="57.2"), 1, ()),
    "nothing that tells": (row(QQP="83.4"), 1, ("dev", "test")),
    "no accuracy": (row(QQP_f1="83.4"), 1, ("dev", "test")),
}


@pytest.mark.parametrize("case", SPLITS)
def test_splits(case):
    scores, runs, splits = SPLITS[case]
    assert possible_splits(granularities(scores, runs)) == splits


def test_how_much_passes_by_chance():
    fits = {g.column.task: g.fits for g in granularities(row(WNLI="62.3", RTE="60"))}
    assert fits["WNLI"]["dev"].luck == pytest.approx(0.071)
    assert fits["WNLI"]["test"].luck == pytest.approx(0.146)
    assert fits["RTE"]["dev"].luck == 1.0


def test_the_first_version_of_qnli():
    v1, v2 = rounded(Fraction(5010, 5732), 4), rounded(Fraction(5010, 5463), 4)
    column = TableColumn("QNLI", "accuracy", "test")
    (first,) = granularities(ScoreRow({column: v1}))
    (second,) = granularities(ScoreRow({column: v2}))
    assert first.only_v1
    assert not second.only_v1
    assert possible_splits([first]) == ("dev",)
    assert possible_splits([second]) == ("dev", "test")


SWAPPED = {
    "as published": (row(MRPC_f1="81.1", MRPC="71.1"), 1, []),
    "MRPC": (row(MRPC_f1="71.1", MRPC="81.1"), 1, ["MRPC"]),
    "QQP": (row(QQP_f1="83.4", QQP="62.2"), 1, ["QQP"]),
    "a mean over runs": (row(QQP_f1="83.4", QQP="62.2"), 5, []),
    "no order is possible": (row(MRPC_f1="20.0", MRPC="81.1"), 1, []),
    "either order is": (row(QQP_f1="80.0", QQP="81.0"), 1, []),
    "one number": (row(QQP_f1="83.4"), 1, []),
}


@pytest.mark.parametrize("case", SWAPPED)
def test_swapped_pairs(case):
    scores, runs, tasks = SWAPPED[case]
    assert swapped_pairs(scores, runs) == tasks


def test_majority_classes():
    assert majority_splits(row(WNLI="65.1")) == ["test"]
    assert majority_splits(row(WNLI="56.34")) == ["dev"]
    assert majority_splits(row(RTE="56.3")) == []


def test_the_class_counts_are_those_of_the_files(shared):
    for split, path in {
        "dev": shared / "data/glue/MRPC/dev.tsv",
        "test": shared / "data/glue_test_labels/MRPC.tsv",
    }.items():
        lines = path.read_text(encoding="utf-8-sig").splitlines()[1:]
        column = 0 if split == "dev" else 1
        positives = sum(line.split("\t")[column] == "1" for line in lines)
        assert granularity._POSITIVES["MRPC", split] == positives
    rows, _ = read_rows(shared / "data/glue/WNLI/dev.tsv", TASKS["WNLI"].labelled)
    commoner = sum(cells[3] == "0" for cells in rows)
    assert granularity._WNLI_MAJORITY["dev"] == (commoner, len(rows))
