"""Every cell gets a verdict, and each verdict is given for the right reason."""

import json
import re
from pathlib import Path

import pytest
from scipy import stats

from reference.errors import InputError
from suite import comparability, estimates, verdicts
from suite.published import SCORE, TABLE_COLUMNS
from suite.tasks import GLUE_TASKS
from suite.verdicts import verdict_table
from tests.suite import synthetic

SMALL_GRID = {"batch_sizes": (8, 16), "learning_rates": (3e-4, 1e-4)}


@pytest.fixture
def table(tmp_path):
    """A function: options of a run -> its cells by (task, metric, split)."""

    def made(**options):
        run = synthetic.make_run(tmp_path, synthetic.Synthetic(**options))
        return {tuple(cell.column): cell for cell in verdict_table(run.path)}

    return made


def checkpoint_that_knows(skill):
    return (synthetic.Checkpoint(skill=skill),)


def test_every_cell_has_a_verdict(small_run):
    cells = verdict_table(small_run)
    assert [c.column for c in cells] == 2 * list(TABLE_COLUMNS)
    assert all(c.verdict and c.why and c.change for c in cells)


def test_what_was_not_run_says_why(table):
    cells = table(tasks=("RTE",), **SMALL_GRID)
    qqp = cells["QQP", "f1", "test"]
    assert (qqp.verdict, qqp.why) == ("not run", "QQP: there is no train.tsv")
    assert "--tasks CoLA" in cells["CoLA", "matthews", "test"].change
    assert cells["AX", "matthews", "test"].verdict == "not run"
    assert cells["Score", "score", "test"].verdict == "not run"
    assert cells["Score", "score", "test"].published == 64.2


def test_a_split_without_labels_is_not_scored(table):
    cells = table(tasks=("MNLI",), **SMALL_GRID)
    ax = cells["AX", "matthews", "test"]
    assert (ax.verdict, ax.why) == ("not scored", "no labels")
    assert cells["MNLI", "accuracy", "test"].compared == "dev vs test"


def test_a_wholly_failed_task_is_not_scored(table):
    cells = table(tasks=("RTE",), fail=4, **SMALL_GRID)
    rte = cells["RTE", "accuracy", "test"]
    assert rte.verdict == "not scored"
    assert "loss is not a number" in rte.why
    assert rte.ours is None


def test_sample_tasks_are_comparable_nowhere(table):
    tasks = tuple(GLUE_TASKS)
    cells = table(tasks=tasks, test_labels=("AX",), rows=71, sample=True, **SMALL_GRID)
    assert {c.verdict for c in cells.values()} == {"not comparable"}
    assert all(c.ours is not None for c in cells.values())
    assert all(c.low is None for c in cells.values())


def test_wnli_is_uninformative(table):
    cells = table(tasks=("WNLI",), **SMALL_GRID)
    assert cells["WNLI", "accuracy", "test"].verdict == "uninformative"


def test_qqp_dev_is_not_comparable_with_its_test(table, monkeypatch):
    monkeypatch.setattr(estimates, "RESAMPLES", 40)  # 40,430 examples each
    cells = table(tasks=("QQP",), batch_sizes=(8,), learning_rates=(1e-4,))
    for metric in ("f1", "accuracy"):
        cell = cells["QQP", metric, "test"]
        assert cell.verdict == "not comparable"
        assert "another distribution" in cell.why


def test_a_partial_dev_split_is_not_comparable(table):
    cells = table(tasks=("RTE",), rows=200, **SMALL_GRID)
    cell = cells["RTE", "accuracy", "test"]
    assert cell.verdict == "not comparable"
    assert cell.why == "RTE/dev holds 200 rows, officially 277"


def test_whole_word_compact_models_have_nothing_to_compare_with(small_run):
    cells = [c for c in verdict_table(small_run) if c.masking == "whole-word"]
    mrpc = next(c for c in cells if c.column.metric == "f1")
    assert mrpc.verdict == "not comparable"
    assert mrpc.why == "no published compact model used whole-word masking"
    assert mrpc.ours is not None
    assert mrpc.published == 81.1


def test_a_checkpoint_that_is_not_published(table):
    own = synthetic.Checkpoint(name="mine", published_as=None)
    cells = table(tasks=("RTE",), checkpoints=(own,), **SMALL_GRID)
    cell = cells["RTE", "accuracy", "test"]
    assert (cell.verdict, cell.published) == ("not comparable", None)


@pytest.mark.parametrize("task", ["CoLA", "MRPC", "STS-B", "RTE"])
def test_collapsed_trials_are_degenerate(table, task):
    cells = table(tasks=(task,), constant=True, **SMALL_GRID)
    own = [c for c in cells.values() if c.column.task == task]
    assert {c.verdict for c in own} == {"degenerate"}
    assert all("constant predictions" in c.why for c in own)
    if task == "CoLA":
        assert "published 0.0" in own[0].why


def test_far_from_published_differs(table):
    cells = table(tasks=("SST-2",), checkpoints=checkpoint_that_knows(0.1))
    cell = cells["SST-2", "accuracy", "test"]
    assert cell.verdict == "differs"
    assert cell.high < 0
    assert cell.low <= cell.difference <= cell.high
    (error,) = re.findall(r"an error of (\d+\.\d) points", cell.change)
    assert 0 <= float(error) + cell.high <= 0.1  # it is rounded up
    assert "better half of the grid" in cell.seed_note


def test_a_published_zero_is_said_to_be_what_a_constant_answer_scores(table):
    cells = table(tasks=("CoLA",), checkpoints=checkpoint_that_knows(0.5))
    cell = cells["CoLA", "matthews", "test"]
    assert cell.verdict == "differs"
    assert cell.why.endswith("the published 0.0 is what a constant answer scores, too")


def test_near_published_on_few_examples_is_inconclusive(table):
    skill = 2 * 0.572 - 1  # as accurate as published on RTE, 277 examples
    cells = table(tasks=("RTE",), checkpoints=checkpoint_that_knows(skill))
    cell = cells["RTE", "accuracy", "test"]
    assert cell.verdict == "inconclusive"
    assert cell.low < 0 < cell.high
    (needed,) = re.findall(r"a difference beyond ±(\d+\.\d) would differ", cell.change)
    assert float(needed) > cell.high - cell.difference  # after Holm, so further off
    assert "reproduced is out of reach" in cell.change
    assert (cell.constant > 50, cell.above_constant) == (True, False)


def test_near_published_within_the_margin_is_reproduced(table, monkeypatch):
    margins = {("MNLI", "accuracy"): 3.0}
    monkeypatch.setattr(verdicts, "load_margins", lambda: margins)
    skill = (3 * 0.703 - 1) / 2  # of three classes: 70.3 % right
    cells = table(
        tasks=("MNLI",),
        test_labels=("MNLI",),
        checkpoints=checkpoint_that_knows(skill),
        batch_sizes=(8,),
        seeds=6,
    )
    for split in ("test", "test_mismatched"):
        cell = cells["MNLI", "accuracy", split]
        assert cell.compared == "test vs test"
        assert cell.verdict == "reproduced"
        (room,) = re.findall(r"a difference (\d\.\d) points further", cell.change)
        # So much further and the 90 % interval ends at the margin: it is as wide as the
        # normal's, or as Student's t of the seeds' degrees of freedom. Of 1,000 draws
        # its end is known to sqrt(0.05 * 0.95 / 1000) / 0.1031, 6.7 %: five of these,
        # and the tenth that the number was rounded up by.
        assert cell.spread.seed_freedom == 5
        width = 3.0 - abs(cell.difference) - float(room)
        slack, total = 5 * 0.067 * cell.spread.total + 0.1, cell.spread.total
        assert 1.645 * total - slack < width < stats.t.isf(0.05, 5) * total + slack


def test_test_labels_make_it_test_against_test(small_run):
    mrpc = next(c for c in verdict_table(small_run) if c.column.task == "MRPC")
    assert mrpc.compared == "test vs test"


def test_one_trial_leaves_the_seed_spread_open(table):
    cells = table(tasks=("RTE",), batch_sizes=(8,), learning_rates=(1e-4,))
    cell = cells["RTE", "accuracy", "test"]
    assert cell.verdict == "inconclusive"
    assert "not measured" in cell.why


def test_the_score_inherits_what_is_not_comparable(table, monkeypatch):
    monkeypatch.setattr(comparability, "completeness", lambda *_: "complete")
    cells = table(tasks=tuple(GLUE_TASKS), rows=300, **SMALL_GRID)
    score = cells[tuple(SCORE)]
    assert score.verdict == "not comparable"
    assert "(QQP)" in score.why
    assert score.ours == pytest.approx(mean_of_tasks(cells))


def test_the_score_with_all_test_labels(table, monkeypatch):
    monkeypatch.setattr(comparability, "completeness", lambda *_: "complete")
    cells = table(
        tasks=tuple(GLUE_TASKS), test_labels=GLUE_TASKS, rows=300, **SMALL_GRID
    )
    score = cells[tuple(SCORE)]
    assert score.verdict in ("differs", "inconclusive", "reproduced")
    assert score.compared == "test vs test"
    assert score.ours == pytest.approx(mean_of_tasks(cells))
    assert score.low < score.difference < score.high


def test_the_scores_draws_are_centred_on_what_is_shown(table, monkeypatch):
    """Also where the printed Score is off the mean of the printed cells."""
    monkeypatch.setattr(comparability, "completeness", lambda *_: "complete")
    cells = table(
        tasks=tuple(GLUE_TASKS), test_labels=GLUE_TASKS, rows=2000, **SMALL_GRID
    )
    score = cells[tuple(SCORE)]
    middle = (score.low + score.high) / 2
    assert abs(middle - score.difference) < 0.15 * (score.high - score.low)


def mean_of_tasks(cells):
    means = []
    for task in GLUE_TASKS:
        own = [c.ours for c in cells.values() if c.column.task == task]
        means.append(sum(own) / len(own))
    return sum(means) / 9


def test_an_undescribed_checkpoint_is_named(tmp_path):
    run = synthetic.make_run(
        tmp_path, synthetic.Synthetic(tasks=("RTE",), **SMALL_GRID)
    )
    edit_run(run.path, lambda values: values.update(checkpoints=[]))
    with pytest.raises(InputError, match="expected every checkpoint of the records"):
        verdict_table(run.path)
    edit_run(run.path, lambda values: values.update(checkpoints=[{"name": "x"}]))
    with pytest.raises(InputError, match="lacks masking, published_as, sha256"):
        verdict_table(run.path)


def edit_run(path: Path, edit) -> None:
    values = json.loads((path / "run.json").read_text())
    edit(values)
    (path / "run.json").write_text(json.dumps(values))


def test_a_cell_carries_what_its_interval_is_made_of(small_run):
    cells = verdict_table(small_run)
    for cell in cells:
        assert (cell.spread is None) == (cell.low is None)
    mrpc = next(c for c in cells if c.column.task == "MRPC")
    assert (mrpc.seeds, mrpc.examples, mrpc.optimism) == (1, 1725, None)
    assert mrpc.spread.our_examples == mrpc.spread.published_examples  # of one size


def test_more_seeds_and_examples_are_said_as_totals(table, monkeypatch):
    """A margin that is wide enough to reach, but not with these examples."""
    monkeypatch.setattr(verdicts, "load_margins", lambda: {("RTE", "accuracy"): 4.0})
    skill = 2 * 0.572 - 1
    cells = table(tasks=("RTE",), checkpoints=checkpoint_that_knows(skill), seeds=4)
    cell = cells["RTE", "accuracy", "test"]
    assert cell.verdict == "inconclusive"
    ways = cell.change.removesuffix(", towards reproduced, if the difference stays")
    for way in ways.split(" or "):
        words = r"(?:the grid on )?about ([\d,]+) \w+ instead of (\d+)"
        needed, now = re.fullmatch(words, way).groups()
        assert int(needed.replace(",", "")) > int(now)
        assert int(now) == (cell.seeds if "seeds" in way else cell.examples)


def test_a_published_row_may_lack_a_number(table):
    base = synthetic.Checkpoint(name="BERT-Base", published_as="BERT-Base")
    cells = table(tasks=("MRPC",), checkpoints=(base,), **SMALL_GRID)
    accuracy = cells["MRPC", "accuracy", "test"]
    assert accuracy.verdict == "not comparable"
    assert accuracy.why == "no MRPC accuracy of BERT-Base was published"
    assert cells["MRPC", "f1", "test"].published == 88.9
