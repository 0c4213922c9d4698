"""Runs at the edge of what can be judged: the right words, no crash, no NaN."""

import re

import pytest

from suite import comparability
from suite.report import write_report
from suite.report_tables import source_rows
from suite.verdicts import verdict_table
from tests.suite.synthetic import Checkpoint, Synthetic, make_run

SMALL_GRID = {"batch_sizes": (8, 16), "learning_rates": (3e-4, 1e-4)}
ONE = {"batch_sizes": (8,), "learning_rates": (1e-4,)}
ALL_RIGHT = (Checkpoint(skill=1.0),)


@pytest.fixture
def judged(tmp_path):
    """A function: options -> the cells by name and metric, and the pages by name."""

    def made(**options):
        run = make_run(tmp_path / "run", Synthetic(**{**SMALL_GRID, **options}))
        cells = verdict_table(run.path)
        assert all(cell.verdict and cell.why and cell.change for cell in cells)
        write_report(run.path, tmp_path / "reports")
        pages = {p.name: p.read_text() for p in (tmp_path / "reports").glob("*.md")}
        pages["sources"] = source_rows(cells, sample=False)
        for text in pages.values():
            assert not re.search(r"\b(nan|NaN|None|inf)\b", text)
        return {(cell.name, cell.column.metric): cell for cell in cells}, pages

    return made


def test_constant_predictions(judged):
    cells, pages = judged(tasks=("CoLA", "RTE", "STS-B"), constant=True)
    cola = cells["CoLA", "matthews"]
    assert cola.verdict == "degenerate"
    assert cola.why == (
        "our chosen trials collapsed: constant predictions (which is also what a "
        "published 0.0 looks like)"
    )
    assert cells["STS-B", "pearson"].verdict == "degenerate"
    assert "12 degenerate" in pages["README.md"]
    assert "A degenerate one learned nothing" in pages["README.md"]


def test_one_trial(judged):
    """One seed of one configuration: there is no spread over seeds to be had."""
    cells, pages = judged(tasks=("RTE",), **ONE)
    rte = cells["RTE", "accuracy"]
    assert (rte.verdict, rte.low, rte.spread) == ("inconclusive", None, None)
    assert "few seeds and fewer than four configurations" in rte.why
    assert rte.change == "four seeds, or four configurations"
    assert "not settled" in pages["README.md"]


def test_one_seed_of_a_grid_is_a_guess_and_says_so(judged):
    cells, pages = judged(tasks=("RTE",))
    assert "guessed" in cells["RTE", "accuracy"].seed_note
    assert "how much seeds matter is guessed" in pages["README.md"]


def test_two_seeds_of_one_configuration(judged):
    cells, _ = judged(tasks=("RTE",), seeds=2, **ONE)
    rte = cells["RTE", "accuracy"]
    assert rte.verdict in ("inconclusive", "differs")
    assert rte.seed_note == "measured over 2 seeds, each with a grid of its own"
    assert rte.seeds == 2
    assert rte.selection == 0.0  # of one configuration there is no choice
    assert rte.optimism == 0.0


def test_ties_go_to_the_first_and_have_no_spread(judged):
    """Every configuration is right on every example: nothing varies at all."""
    cells, pages = judged(tasks=("RTE",), checkpoints=ALL_RIGHT, seeds=2)
    rte = cells["RTE", "accuracy"]
    assert (rte.ours, rte.selection, rte.optimism) == (100.0, 0.0, 0.0)
    assert rte.spread.our_examples == rte.spread.our_seeds == 0.0
    assert rte.verdict == "differs"
    # Of 42.8 points but for the margin of 0.8, and half a step of rounding.
    assert rte.change == "an error of 42.1 points in either number"
    assert "| RTE | batch 8, lr 0.0003 | 100.0 |" in pages["glue.md"]


def test_missing_tasks_are_named_in_the_score(judged):
    cells, pages = judged(tasks=("RTE", "WNLI"))
    score = cells["Score", "score"]
    assert score.verdict == "not run"
    assert score.why == (
        "the Score needs all nine tasks; without CoLA, MNLI, MRPC, QNLI, QQP, SST-2, "
        "STS-B"
    )
    assert cells["WNLI", "accuracy"].verdict == "uninformative"
    assert "1 uninformative" in pages["README.md"]


def test_a_failed_trial_takes_its_configuration_out_of_the_choice(judged):
    cells, pages = judged(tasks=("RTE",), seeds=2, fail=1)
    rte = cells["RTE", "accuracy"]
    assert rte.verdict in ("inconclusive", "differs")
    assert len(rte.trial_ids) == 2
    assert "8 trials, 7 finished, 1 failed" in pages["README.md"]
    assert "failed (1 of 2)" in pages["glue.md"]


def test_a_grid_that_failed_but_for_one_trial(judged):
    cells, _ = judged(tasks=("RTE",), fail=3)
    assert cells["RTE", "accuracy"].verdict == "inconclusive"
    assert "fewer than four configurations" in cells["RTE", "accuracy"].why


@pytest.mark.parametrize("task", ["RTE", "MRPC", "STS-B", "CoLA"])
def test_a_dev_set_of_71(judged, monkeypatch, task):
    monkeypatch.setattr(comparability, "completeness", lambda *_: "complete")
    cells, _ = judged(tasks=(task,), rows=71, seeds=2)
    own = [cell for (name, _), cell in cells.items() if name == task]
    for cell in own:
        assert cell.verdict in ("inconclusive", "differs", "reproduced")
        assert cell.examples == 71
        assert cell.low < cell.difference < cell.high
        assert cell.spread.our_examples > cell.spread.published_examples > 0


def test_a_split_of_71_where_there_should_be_more(judged):
    cells, _ = judged(tasks=("RTE",), rows=71)
    rte = cells["RTE", "accuracy"]
    assert rte.verdict == "not comparable"
    assert rte.why == "RTE/dev holds 71 rows, officially 277"


def test_a_dev_set_of_two(judged, monkeypatch):
    """Each half holds one."""
    monkeypatch.setattr(comparability, "completeness", lambda *_: "complete")
    cells, _ = judged(tasks=("RTE", "CoLA", "MRPC"), rows=2, seeds=2)
    assert cells["RTE", "accuracy"].examples == 2
