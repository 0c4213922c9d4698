"""Verdicts on a row: what closes a cell, what its errors are, and how often it errs."""

from fractions import Fraction

import numpy as np
import pytest

from reference.errors import InputError
from suite.published import SCORE, TABLE_COLUMNS, load_margins, load_published
from suite.score_row.account import account
from suite.score_row.comparison import Origin, comparisons
from suite.score_row.errors import sampling_sd
from suite.score_row.headings import shown
from suite.score_row.published import distances, numbers_of, seed_spread
from suite.score_row.rows import PrintedScore, ScoreRow

REGISTRY, MARGINS = load_published(), load_margins()
BY_NAME = {shown(column): column for column in TABLE_COLUMNS}
WHOLE_WORD = "BERT-Large, Uncased (Whole Word Masking)"


def row(**scores: float) -> ScoreRow:
    """`MRPC_F1=81.1`, `MNLI_m=70.2`, `SST_2=83.2`."""
    found = {}
    for name, value in scores.items():
        task, _, rest = name.partition("_")
        joint = "-" if task in ("MNLI", "SST") else " "
        found[BY_NAME[f"{task}{joint}{rest}".strip()]] = printed(value)
    return ScoreRow(found)


def printed(value: float) -> PrintedScore:
    return PrintedScore(round(Fraction(value), 1), 1)


def published_row(model: str) -> ScoreRow:
    return ScoreRow(
        {
            column: printed(score.value)
            for column, score in numbers_of(REGISTRY, model, "test").items()
            if column != SCORE
        }
    )


def cells(scores: ScoreRow, origin: Origin, model: str = "BERT-Tiny", which: int = 0):
    compared = comparisons(scores, origin, model, REGISTRY, MARGINS)[which]
    return {shown(c.cell.column): c.cell for c in compared.cells}


@pytest.mark.parametrize(
    "model", ["BERT-Tiny", "BERT-Mini", "BERT-Small", "BERT-Medium"]
)
def test_a_published_row_is_nearest_to_itself(model):
    nearest, *others = distances(published_row(model), REGISTRY)
    assert (nearest.model, nearest.mean, nearest.cells) == (model, 0, 14)
    assert len(others) == 3
    assert all(other.mean > 1 for other in others)


def test_the_distance_is_over_shared_cells():
    (nearest, *_) = distances(row(RTE=58.2, WNLI=60.3), REGISTRY)
    # Mini: |58.2 - 57.9| and |60.3 - 62.3|.
    assert nearest.model == "BERT-Mini"
    assert nearest.mean == pytest.approx((0.3 + 2.0) / 2)


def test_a_row_never_differs_from_itself():
    for model in ("BERT-Tiny", "BERT-Mini", "BERT-Small", "BERT-Medium"):
        found = cells(published_row(model), Origin("test"), model)
        assert list(found) == [shown(column) for column in TABLE_COLUMNS]
        assert "differs" not in {cell.verdict for cell in found.values()}
        assert {cell.compared for cell in found.values()} == {"test vs test"}


CLOSED = {
    "WNLI": (row(WNLI=56.3), Origin("dev"), "WNLI", "uninformative"),
    "constant": (row(CoLA=0.0), Origin("test"), "CoLA", "degenerate"),
    "QQP of dev": (row(QQP_F1=86.0), Origin("dev"), "QQP F1", "not comparable"),
    "QQP of either": (row(QQP_F1=86.0), Origin(), "QQP F1", "not comparable"),
    "no seeds known": (row(AX=20.0), Origin("test"), "AX", "inconclusive"),
    "doubted": (
        row(QNLI=88.0),
        Origin("dev", doubts={"QNLI": "of the first version"}),
        "QNLI",
        "not comparable",
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_cells_closed_without_statistics(case):
    scores, origin, name, verdict = CLOSED[case]
    cell = cells(scores, origin)[name]
    assert (cell.verdict, cell.low) == (verdict, None)
    assert cell.why


def test_open_verdicts():
    found = cells(row(MNLI_m=70.0, SST_2=83.0, QNLI=70.0), Origin("test"))
    assert found["MNLI-m"].verdict == "reproduced"
    assert found["SST-2"].verdict == "inconclusive"
    assert found["QNLI"].verdict == "differs"
    assert found["QNLI"].low < -11.5 < found["QNLI"].high


def test_which_split_is_said_and_the_smaller_one_reckoned_with():
    widths = {}
    for split in ("test", "dev", None):
        cell = cells(row(SST_2=83.2), Origin(split))["SST-2"]
        widths[cell.compared] = cell.high - cell.low
    assert list(widths) == ["test vs test", "dev vs test", "dev or test vs test"]
    assert widths["dev vs test"] == widths["dev or test vs test"]
    assert widths["test vs test"] < widths["dev vs test"]


def test_runs_lessen_the_error_of_seeds_alone():
    one, many = (cells(row(RTE=57.2), Origin("test", runs))["RTE"] for runs in (1, 100))
    assert (many.high - many.low) / (one.high - one.low) == pytest.approx(
        # One run against one, then 100 against one; 1.28 are the sampling errors.
        np.sqrt((1.28**2 + 7.2**2 * 1.01) / (1.28**2 + 7.2**2 * 2)),
        rel=0.01,
    )


def test_others_dev_scores_are_compared_with_dev():
    scores = row(MNLI_m=65.4, MRPC_F1=81.7, CoLA=1.0)
    test, dev = comparisons(scores, Origin("dev"), "BERT-Tiny", REGISTRY, MARGINS)
    assert (test.split, dev.split) == ("test", "dev")
    assert [c.cell.compared for c in dev.cells] == ["dev vs dev", "dev vs dev"]
    assert [c.cell.published for c in dev.cells] == [81.68, 65.36]
    (alone,) = comparisons(scores, Origin("test"), "BERT-Tiny", REGISTRY, MARGINS)
    assert alone.split == "test"


def test_a_source_that_states_no_split_allows_no_claim():
    found = cells(row(MNLI_m=87.0, RTE=70.0), Origin("dev"), WHOLE_WORD)
    assert list(found) == ["MNLI-m"]
    assert found["MNLI-m"].verdict == "not comparable"
    assert found["MNLI-m"].published == 87.07


def test_f1_alone_borrows_the_published_error():
    alone = cells(row(MRPC_F1=81.1), Origin("test"))["MRPC F1"]
    both = cells(row(MRPC_F1=81.1, MRPC_accuracy=71.1), Origin("test"))["MRPC F1"]
    assert (alone.low, alone.high) == (both.low, both.high)
    model = "BERT-Large, Uncased (stable recipe)"  # printed F1 alone, too
    found = cells(row(MRPC_F1=89.0), Origin("dev"), model)
    assert found["MRPC F1"].why == (
        "F1 without its accuracy does not tell its sampling error"
    )


def test_seed_spreads():
    spreads = {
        name: seed_spread(REGISTRY, "BERT-Mini", BY_NAME[name])
        for name in ("MNLI-mm", "SST-2", "MRPC F1", "RTE", "AX")
    }
    assert tuple(spreads.pop("MNLI-mm").__dict__.values()) == (0.09, "BERT-Mini", 5)
    assert (spreads["SST-2"].sd, spreads["MRPC F1"].sd) == (0.58, 0.33)
    assert spreads["RTE"].model == "BERT-Large, Uncased (original recipe)"
    assert spreads["AX"] is None


def test_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="--model: nothing published of 'BERT'; known"):
        comparisons(row(RTE=57.2), Origin(), "BERT", REGISTRY, MARGINS)


@pytest.mark.parametrize("name", ["SST-2", "MNLI-m", "STS-B Pearson"])
def test_the_interval_holds_the_difference_as_often_as_it_says(name):
    """Two runs of one model, on sets of their own: 95 % of the intervals hold 0."""
    rng = np.random.default_rng(0)
    column, model, trials = BY_NAME[name], "BERT-Mini", 400
    published = REGISTRY[model, column]
    seeds = seed_spread(REGISTRY, model, column).sd
    sampled = sampling_sd(column, {column: published}, Origin("test").rows(column))
    one = cells(ScoreRow({column: printed(published.value)}), Origin("test"), model)
    low, high = one[name].low, one[name].high
    gaps = rng.normal(0, np.hypot(seeds, sampled), (2, trials))
    rounded = np.round(published.value + gaps, 1)
    held = np.mean((low <= rounded[0] - rounded[1]) & (rounded[0] - rounded[1] <= high))
    # Three standard errors of a share of 0.95 over the trials.
    assert held == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / trials))


def test_a_swapped_pair_is_compared_with_nothing_and_excludes_no_split():
    found = account(row(MRPC_F1=71.1, MRPC_accuracy=81.1, WNLI=62.3))
    assert found.swapped == ("MRPC",)
    assert found.split == "test"
    verdicts = {shown(c.cell.column): c.cell for c in found.comparisons[0].cells}
    assert verdicts["MRPC F1"].verdict == "not comparable"
    assert verdicts["MRPC F1"].why == "its F1 and accuracy seem to be swapped"


def test_what_is_said_of_the_split_is_checked():
    scores = row(WNLI=62.3)
    assert not account(scores, "test").contradicted
    contradicted = account(scores, "dev")
    assert contradicted.contradicted
    assert contradicted.split == "dev"
    assert account(scores).split == "test"
