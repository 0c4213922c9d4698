"""Scores of a server beside the published: verdicts, errors, what is missing."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from reference.errors import InputError
from suite.estimates import estimate
from suite.grids import configuration_of, selected_configuration
from suite.published import SCORE, TABLE_COLUMNS, TableColumn, load_published
from suite.score_row.rows import PrintedScore, ScoreRow, read_row
from suite.seed_error import SeedError, in_points
from suite.submission import leaderboard
from suite.submission.leaderboard import (
    Submitted,
    check_score,
    compare,
    submitted_from,
)
from suite.submission.trials import gather
from tests.suite.synthetic import Synthetic, make_run

ROW = {
    column: load_published()["BERT-Small", column].value
    for column in TABLE_COLUMNS
    if column != SCORE
}
RTE = TableColumn("RTE", "accuracy", "test")


def scores(**changes):
    """BERT-Small's own row; `changes` are by task, None to leave it out."""
    values = {column: changes.get(column.task, value) for column, value in ROW.items()}
    return {c: printed(value) for c, value in values.items() if value is not None}


def printed(value):
    return PrintedScore(Fraction(str(value)), 1)


def submitted(sd=0.1, **options):
    spreads = dict.fromkeys(ROW, SeedError(sd, math.inf, f"made up, {sd}"))
    return Submitted("ours", seed_error=spreads, **options)


def verdicts(found, what=None, published="BERT-Small"):
    cells = compare(ScoreRow(found), published, what or submitted())
    return {tuple(cell.column): cell for cell in cells}


def test_every_column_has_a_cell_with_a_verdict():
    cells = compare(ScoreRow(scores()), "BERT-Small", submitted())
    assert [cell.column for cell in cells] == list(TABLE_COLUMNS)
    assert all(c.verdict and c.why and c.change for c in cells)
    assert {c.compared for c in cells} == {"test vs test"}


def test_the_same_numbers_are_never_different_and_reproduced_where_it_can_be_known():
    """The margin must hold both tests' sampling: QQP's 390,965 examples do."""
    cells = verdicts(scores())
    assert "differs" not in {cell.verdict for cell in cells.values()}
    assert cells["QQP", "accuracy", "test"].verdict == "reproduced"
    assert cells["RTE", "accuracy", "test"].verdict == "inconclusive"
    assert cells["WNLI", "accuracy", "test"].verdict == "uninformative"
    assert cells["Score", "score", "test"].difference == pytest.approx(0, abs=0.1)


def test_far_off_differs():
    cells = verdicts(scores(RTE=50.1))
    assert cells["RTE", "accuracy", "test"].verdict == "differs"
    assert cells["RTE", "accuracy", "test"].high < 0


def test_the_interval_holds_every_source(monkeypatch):
    """Its half width is 1.96 sd of: two tests, two seeds, two roundings."""
    monkeypatch.setattr(leaderboard, "RESAMPLES", 200_000)
    cell = verdicts(scores(RTE=60.0), submitted(sd=1.5))["RTE", "accuracy", "test"]
    accuracies = 0.60, ROW[RTE] / 100
    sampling = sum(1e4 * p * (1 - p) / 3000 for p in accuracies)
    expected = np.sqrt(sampling + 2 * 1.5**2 + 2 * 0.05**2 / 3)
    # Quantiles of 200,000 normal draws: relative error 0.4 %, four of these.
    assert (cell.high - cell.low) / 2 == pytest.approx(1.96 * expected, rel=0.016)


def test_without_a_run_others_spread_is_taken_where_there_is_one():
    cells = verdicts(scores(RTE=50.1), Submitted("ours"))
    qnli = cells["QNLI", "accuracy", "test"]
    assert "as others measured it on BERT-" in qnli.seed_note
    assert qnli.low < 0 < qnli.high
    # Of RTE it is known of BERT-Large alone.
    rte = cells["RTE", "accuracy", "test"]
    assert rte.why.endswith("seed spread not recorded")


def test_without_any_spread_no_verdict_but_the_numbers(monkeypatch):
    monkeypatch.setattr(leaderboard, "seed_spread", lambda *_: None)
    cells = verdicts(scores(RTE=50.1), Submitted("ours"))
    rte = cells["RTE", "accuracy", "test"]
    assert rte.verdict == "inconclusive"
    assert rte.why == (
        "more than test examples and rounding explain; seed spread not recorded"
    )
    assert rte.high < 0
    assert cells["QQP", "f1", "test"].why.startswith("no more than test examples")
    assert "AX has no labelled examples" in cells["AX", "matthews", "test"].change
    assert cells["Score", "score", "test"].verdict == "not comparable"


def test_a_task_that_was_not_returned():
    cells = verdicts(scores(RTE=None))
    assert cells["RTE", "accuracy", "test"].verdict == "not scored"
    assert cells["RTE", "accuracy", "test"].change == "a row RTE accuracy"
    assert cells["Score", "score", "test"].verdict == "not run"
    assert "without RTE" in cells["Score", "score", "test"].why


def test_a_constant_cola_is_degenerate():
    cells = verdicts(scores(CoLA=0.0))
    assert cells["CoLA", "matthews", "test"].verdict == "degenerate"
    tiny = verdicts(scores(CoLA=0.0), published="BERT-Tiny")
    assert "and what is published too" in tiny["CoLA", "matthews", "test"].why


def test_an_f1_needs_its_accuracy():
    found = scores()
    del found[TableColumn("MRPC", "accuracy", "test")]
    cell = verdicts(found)["MRPC", "f1", "test"]
    assert (cell.verdict, cell.change) == ("inconclusive", "a row MRPC accuracy")


def test_no_more_examples_are_asked_of_the_server():
    rte = verdicts(scores())["RTE", "accuracy", "test"]
    half = (rte.high - rte.low) / 2
    assert (
        rte.change == f"no other submission: one beside one is uncertain by ±{half:.1f}"
    )


@pytest.mark.parametrize(("score", "fits"), [(71.2, True), (72.0, False)])
def test_a_score_must_be_the_mean_of_the_tasks(tmp_path, score, fits):
    """BERT-Small's own numbers average 71.172."""
    row = ScoreRow(scores(), average=printed(score))
    if fits:
        check_score(tmp_path, row)
    else:
        with pytest.raises(InputError, match=r"the Score 71\.2, .* found 72\.0"):
            check_score(tmp_path, row)


def test_a_row_without_all_tasks_has_no_score_to_check(tmp_path):
    check_score(tmp_path, ScoreRow(scores(RTE=None), average=printed(99)))


def test_a_file_of_scores_is_read_and_compared(tmp_path):
    """As GLUE's leaderboard shows a submission, pairs and all."""
    path = tmp_path / "scores.csv"
    names = "Score,CoLA,SST-2,MRPC,STS-B,QQP,MNLI-m,MNLI-mm,QNLI,RTE,WNLI,AX"
    values = (
        "71.2,27.8,89.7,83.4/76.2,78.8/77.0,68.1/87.0,77.6,77.0,86.4,61.8,62.3,28.6"
    )
    path.write_text(f"{names}\n{values}\n")
    row = read_row(path)
    check_score(path, row)
    assert {c: float(p.value) for c, p in row.scores.items()} == ROW


def test_a_task_trained_on_a_part_is_not_compared():
    what = submitted(partial={"MNLI": "MNLI: a part"})
    cells = verdicts(scores(), what)
    for key in (("MNLI", "accuracy", "test"), ("AX", "matthews", "test")):
        assert (cells[key].verdict, cells[key].why) == (
            "not comparable",
            "MNLI: a part",
        )


def test_an_unknown_row_is_refused():
    with pytest.raises(InputError, match="found 'BERT-Base'; name one of BERT-Tiny"):
        compare(ScoreRow(scores()), "BERT-Base", submitted())


@pytest.mark.parametrize(("seeds", "note"), [(1, "guessed from"), (4, "over 4 seeds")])
def test_seed_spread_is_that_of_the_verdicts(tmp_path, seeds, note):
    run = make_run(tmp_path, Synthetic(tasks=("RTE",), seeds=seeds))
    submission = gather(run)
    found = submitted_from(submission)
    rng = np.random.default_rng(0)
    known = estimate(submission.grids["RTE"], "dev", rng).seed_error["accuracy"]
    assert found.seed_error[RTE] == in_points(known)
    assert note in known.how
    assert (found.model, found.trials) == ("BERT-Tiny", {})


def test_fresh_seeds_are_taken_where_there_are_some(tmp_path):
    """Seeds 1 to 4 of one configuration alone, beside a grid of seed 0."""
    run = make_run(tmp_path, Synthetic(tasks=("RTE",), seeds=5, batch_sizes=(8,)))
    best = selected_configuration(r for r in run.records() if r.trial.seed == 0)
    kept = [
        json.dumps(r.to_json())
        for r in run.records()
        if r.trial.seed == 0 or configuration_of(r.trial) == best
    ]
    (tmp_path / "trials.jsonl").write_text("\n".join(kept) + "\n")
    submission = gather(run)
    fresh = [
        r.scores["dev"]["accuracy"]
        for r in submission.grids["RTE"].records
        if r.trial.seed > 0
    ]
    error = submitted_from(submission).seed_error[RTE]
    assert error.sd == pytest.approx(100 * np.std(fresh, ddof=1))
    assert error.how == "measured over 4 fresh seeds of the chosen one"


def test_trials_are_named(tmp_path):
    options = Synthetic(tasks=("RTE",), test_labels=("RTE",), batch_sizes=(8,))
    what = submitted_from(gather(make_run(tmp_path, options)))
    cell = verdicts(scores(), what)["RTE", "accuracy", "test"]
    assert cell.trial_ids == (what.trials[RTE],)


def test_two_submissions_of_one_model_rarely_differ(monkeypatch):
    """Simulated: two runs of equal models, seeds and test sets drawn for each.

    "Differs" for a wrong reason is to happen in at most 5 % of the tables' cells; of
    400 tables of one open cell, four standard errors of that are 4.4 %. And the
    interval must not be so wide that it never happens: one shared test set apart, it
    is that of two independent tests.
    """
    monkeypatch.setattr(leaderboard, "RESAMPLES", 1000)
    rng, wrong, trials = np.random.default_rng(0), 0, 400
    what = submitted(sd=1.0)
    known = load_published()
    for _ in range(trials):
        true = rng.normal(0.62, 0.01, 2)
        ours, theirs = 100 * rng.binomial(3000, true) / 3000
        published = replace(known["BERT-Small", RTE], value=round(theirs, 1))
        registry = {**known, ("BERT-Small", RTE): published}
        monkeypatch.setattr(leaderboard, "load_published", lambda r=registry: r)
        row = ScoreRow({RTE: printed(round(ours, 1))})
        cell = {c.column: c for c in compare(row, "BERT-Small", what)}[RTE]
        wrong += cell.verdict == "differs"
    assert 0 < wrong <= trials * (0.05 + 4 * np.sqrt(0.05 * 0.95 / trials))
