"""Records become arrays: what failed cannot be chosen, what was changed is noticed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reference.errors import InputError
from suite.grids import configuration_of, load_grids, selected_configuration
from suite.records import RunDirectory
from suite.selection import best_of, grid_scores
from suite.tasks import DIAGNOSTIC_SPLIT
from tests.suite import synthetic


def only_grid(run):
    (grid,) = load_grids(run).values()
    return grid


def test_arrays_are_in_the_order_of_the_configurations(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",), seeds=2))
    grid = only_grid(run)
    assert len(grid.configurations) == 20
    assert grid.predictions["dev"].shape == (20, 2, 277)
    records = {r.trial.id: r for r in run.records()}
    for number, configuration in enumerate(grid.configurations):
        for seed, trial_id in enumerate(grid.trial_ids[number]):
            record = records[trial_id]
            assert record.trial.seed == seed
            assert record.trial.batch_size == configuration.batch_size
            right = grid.predictions["dev"][number, seed] == grid.labels["dev"]
            assert np.mean(right) == pytest.approx(record.scores["dev"]["accuracy"])


def test_tasks_are_in_their_order_whichever_ended_first(tmp_path):
    small = {"rows": 71, "batch_sizes": (8,), "learning_rates": (3e-4,)}
    tasks = ("WNLI", "RTE", "CoLA")
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=tasks, **small))
    assert [task for _, task in load_grids(run)] == ["CoLA", "RTE", "WNLI"]


def test_a_configuration_with_a_failed_seed_cannot_be_chosen(tmp_path):
    run = synthetic.make_run(
        tmp_path, synthetic.Synthetic(tasks=("RTE",), seeds=3, fail=1)
    )
    grid = only_grid(run)
    assert len(grid.records) == 60
    assert len(grid.failed) == 1
    assert len(grid.configurations) == 19
    assert (8, 3e-4) not in grid.configurations


def test_all_trials_may_have_failed(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",), fail=20))
    grid = only_grid(run)
    assert grid.configurations == ()
    assert grid.predictions == {}


def test_seeds_that_not_all_tried_are_left_out(tmp_path):
    """The chosen configuration rerun on more seeds must not shut out the others."""
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    record = run.records()[0]
    more = replace(record, trial=replace(record.trial, seed=7))
    run.append(more, run.predictions(record.trial.id))
    grid = only_grid(run)
    assert len(grid.records) == 21
    assert grid.predictions["dev"].shape[:2] == (20, 1)


def with_repeats(run, seeds, configuration=None) -> None:
    """The selected configuration, or another, once more on other seeds."""
    records = [r for r in run.records() if r.trial.seed == 0]
    chosen = configuration or selected_configuration(records)
    (first,) = (r for r in records if configuration_of(r.trial) == chosen)
    for seed in seeds:
        again = replace(first, trial=replace(first.trial, seed=seed))
        run.append(again, run.predictions(first.trial.id))


def test_the_selected_configuration_is_that_of_the_arrays(tmp_path):
    """The sweep selects by the records, the report by the predictions."""
    for number, task in enumerate(("RTE", "MRPC", "STS-B", "CoLA")):
        options = synthetic.Synthetic(tasks=(task,), seeds=2, rows=71, fail=3)
        run = synthetic.make_run(tmp_path / str(number), options)
        grid = only_grid(run)
        dev = grid.predictions["dev"], grid.labels["dev"]
        best = best_of(grid_scores(grid.task, *dev)["main"])
        assert selected_configuration(run.records()) == grid.configurations[best]


def test_nothing_is_selected_where_all_failed(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",), fail=20))
    assert selected_configuration(run.records()) is None


def test_repeats_stand_beside_the_grid(tmp_path):
    """And do not change what was selected, nor its place in the tables."""
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    before = only_grid(run)
    assert before.repeats is None
    with_repeats(run, (7, 3))
    after = only_grid(run)
    assert (after.seeds, after.configurations) == ((0,), before.configurations)
    assert after.of_grid == before.of_grid == before.records
    assert len(after.records) == 22
    assert after.repeats.predictions["dev"].shape == (2, 277)
    seeds = {r.trial.id: r.trial.seed for r in run.records()}
    assert [seeds[trial_id] for trial_id in after.repeats.trial_ids] == [3, 7]


def test_what_another_configuration_was_repeated_on_is_no_repeat(tmp_path):
    """As after a grid of more seeds, which may select another."""
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    records = run.records()
    chosen = selected_configuration(records)
    other = next(c for r in records if (c := configuration_of(r.trial)) != chosen)
    with_repeats(run, (7, 8), other)
    grid = only_grid(run)
    assert grid.repeats is None
    assert len(grid.of_grid) == 20


def test_the_diagnostic_set_is_scored_as_ax(tmp_path):
    run = synthetic.make_run(
        tmp_path, synthetic.Synthetic(tasks=("MNLI",), test_labels=("AX",), rows=200)
    )
    grid = only_grid(run)
    assert set(grid.predictions) == {"dev", "dev_mismatched", DIAGNOSTIC_SPLIT}
    assert set(run.records()[0].scores[DIAGNOSTIC_SPLIT]) == {"matthews"}


def test_a_split_without_labels_is_left_out(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    (run.path / "labels.npz").unlink()
    assert only_grid(run).predictions == {}


def test_a_changed_score_is_noticed(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    path = run.path / "trials.jsonl"
    first, rest = path.read_text().split("\n", 1)
    values = json.loads(first)
    values["scores"]["dev"]["accuracy"] += 0.01
    path.write_text(json.dumps(values) + "\n" + rest)
    with pytest.raises(InputError, match="expected the recorded accuracy"):
        load_grids(run)


def test_labels_of_other_data_are_noticed(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    run.write_labels({"RTE/dev": np.zeros(5, np.int32)})
    with pytest.raises(InputError, match="expected 5 predictions"):
        load_grids(run)


def test_grids_of_different_data_are_not_mixed(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    record = run.records()[0]
    other = replace(record, trial=replace(record.trial, data="e" * 64))
    run.append(other, run.predictions(record.trial.id))
    with pytest.raises(InputError, match="expected one data"):
        load_grids(run)


def test_an_empty_run_has_no_grids(tmp_path):
    assert load_grids(RunDirectory(tmp_path)) == {}
