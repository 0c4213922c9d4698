"""What cells come to, for a row and for the table: each rule on cells made for it."""

from dataclasses import replace

import pytest

from suite.cells import Cell
from suite.published import TABLE_COLUMNS
from suite.report_tables import row_verdict_rows
from suite.table_verdict import row_verdict, table_verdict

PUBLISHED = {
    "name": "BERT-Tiny",
    "masking": "wordpiece",
    "published_as": "BERT-Tiny",
    "origin": {"kind": "declared"},
    "sha256": "a" * 64,
}
MADE_HERE = PUBLISHED | {"origin": {"kind": "pre-trained here"}, "sha256": "b" * 64}
NOT_PUBLISHED = PUBLISHED | {"published_as": None, "sha256": "c" * 64}


def row(checkpoint, default="reproduced", **verdicts):
    """A row of cells; `verdicts` by the cell's name as headings have it."""
    cells = [
        Cell(checkpoint["sha256"], "BERT-Tiny", "wordpiece", column, 50.0, 1)
        for column in TABLE_COLUMNS
    ]
    verdicts = {"WNLI": "uninformative"} | {
        name.replace("_", "-"): verdict for name, verdict in verdicts.items()
    }
    return [replace(c, verdict=verdicts.get(c.name, default)) for c in cells]


@pytest.mark.parametrize(
    ("verdicts", "verdict", "why"),
    [
        ({}, "reproduced", "every informative number is within its margin"),
        ({"RTE": "differs"}, "not reproduced", "RTE accuracy differs"),
        (
            {"MRPC": "differs", "RTE": "inconclusive"},
            "not reproduced",
            "MRPC f1, MRPC accuracy differ",
        ),
        ({"MRPC": "inconclusive"}, "inconclusive", "2 cells not settled"),
        ({"RTE": "inconclusive"}, "inconclusive", "1 cell not settled"),
        (
            {"QQP": "not comparable", "Score": "not comparable"},
            "reproduced where compared",
            "without QQP, Score",
        ),
        ({"SST_2": "degenerate"}, "inconclusive", "our trials collapsed on SST-2"),
        ({"default": "not run"}, "not tested", "no cell allows a comparison"),
    ],
)
def test_the_verdict_of_a_row(verdicts, verdict, why):
    found = row_verdict(row(PUBLISHED, **verdicts), PUBLISHED)
    assert (found.verdict, found.why) == (verdict, why)


def test_collapse_is_not_hidden():
    cells = row(PUBLISHED, "degenerate")
    found = row_verdict(cells, PUBLISHED)
    assert found.verdict == "inconclusive"
    assert found.why.startswith("our trials collapsed on CoLA, SST-2, MRPC")
    # Unless what is published is what collapsed trials score: CoLA's 0.
    cells = [replace(c, published=0.0) for c in row(PUBLISHED, CoLA="degenerate")]
    found = row_verdict(cells, PUBLISHED)
    assert (found.verdict, found.why) == ("reproduced where compared", "without CoLA")


def test_no_other_checkpoint_is_a_verdict_on_the_published_row():
    """Whether its cells agree with the published ones or not."""
    for verdict in ("differs", "reproduced"):
        found = row_verdict(row(MADE_HERE, verdict), MADE_HERE)
        assert found.verdict == "not tested"
        assert "not the published checkpoint" in found.why
        assert found.counts[verdict] == 14
    found = row_verdict(row(NOT_PUBLISHED, "not comparable"), NOT_PUBLISHED)
    assert found.verdict == "not tested"


@pytest.mark.parametrize("verdict", ["differs", "reproduced"])
def test_a_shape_alone_is_no_verdict_on_the_published_row(verdict):
    """Nor is a run.json that says nothing of where the checkpoint is from."""
    of_before = {k: v for k, v in PUBLISHED.items() if k != "origin"}
    for checkpoint in (of_before, PUBLISHED | {"origin": {"kind": "shape"}}):
        cells = row(checkpoint, verdict)
        found = row_verdict(cells, checkpoint)
        assert found.verdict == "not tested"
        assert found.why == (
            "nothing but its shape says that it is the published one; say that it is "
            "with `--published-as BERT-Tiny`, or fetch it with `python -m suite fetch "
            "checkpoint BERT-Tiny`"
        )
        assert found.counts[verdict] == 14
        assert (
            f"not tested ({found.why})" in table_verdict(cells, [checkpoint]).sentence
        )


def test_the_table_counts_and_says_what_follows_for_each_model():
    cells = [
        *row(PUBLISHED, "inconclusive", RTE="differs", MNLI_m="reproduced"),
        *row(MADE_HERE, "differs"),
        *row(NOT_PUBLISHED, "not comparable"),
    ]
    found = table_verdict(cells, [MADE_HERE, PUBLISHED, NOT_PUBLISHED])
    assert found.sentence == (
        "Of 45 cells 17 allow no comparison, 28 are compared with a published number: "
        "1 reproduced, 15 differ, 12 inconclusive. 14 of them are of checkpoints that "
        "are not known to be the published ones: how near these come to what was "
        "published, and nothing about those. BERT-Tiny as published: not reproduced "
        "(RTE accuracy differs)."
    )
    assert [r.compared for r in found.rows] == [14, 14, 0]
    text = row_verdict_rows(found, sample=False)
    assert "| 1 | 1 | 12 | 1 | inconclusive | not reproduced | RTE accuracy" in text


def test_one_cell_of_each_kind_is_said_so():
    kinds = ("reproduced", "not run", "uninformative")
    cells = [replace(row(PUBLISHED, "differs")[0], verdict=kind) for kind in kinds]
    assert table_verdict(cells, [PUBLISHED]).sentence.startswith(
        "Of 3 cells 1 was not run, 1 allows no comparison, 1 is compared with a "
        "published number: 1 reproduced, 0 differ, 0 inconclusive."
    )


def test_a_table_with_nothing_to_compare():
    cells = row(MADE_HERE, "not run", WNLI="not run")
    assert table_verdict(cells, [MADE_HERE]).sentence == (
        "No cell of 15 allows a comparison with a published number. BERT-Tiny as "
        "published: not tested (pre-trained here, not the published checkpoint)."
    )
    assert table_verdict([], []).sentence == (
        "No cell of 0 allows a comparison with a published number."
    )
