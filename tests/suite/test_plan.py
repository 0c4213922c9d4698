"""The documented grid, its stacks, and the file that keeps them."""

import json
from dataclasses import fields, replace

import pytest

from reference.errors import InputError
from suite.plan import BATCH_SIZES, Grid, form_stacks, grid_trials, halves
from suite.plan_file import PlanFile
from suite.records import Trial
from suite.sources import entries


@pytest.fixture
def entry(miniature):
    first, *_ = entries([miniature.checkpoint], miniature.glue)
    return replace(first, train_rows=max(BATCH_SIZES))


def of_one_batch_size(entry, seeds=(1,)) -> list[Trial]:
    return grid_trials(entry, Grid(batch_sizes=(32,), seeds=seeds))


def sizes(stacks) -> list[int]:
    return [len(stack.trials) for stack in stacks]


# The grid


def test_the_grid_is_the_documented_one(entry):
    """The March 2020 release: batch sizes, learning rates and 4 epochs."""
    trials = grid_trials(entry, Grid())
    assert len(trials) == 20
    assert {(trial.batch_size, trial.learning_rate) for trial in trials} == {
        (batch_size, learning_rate)
        for batch_size in (8, 16, 32, 64, 128)
        for learning_rate in (3e-4, 1e-4, 5e-5, 3e-5)
    }
    assert {trial.epochs for trial in trials} == {4}
    assert {trial.max_seq_length for trial in trials} == {128}
    assert {trial.warmup_proportion for trial in trials} == {0.1}
    assert {trial.seed for trial in trials} == {1}


def test_every_trial_has_an_id_of_its_own(miniature):
    grid = Grid(seeds=(1, 2, 3))
    found = [
        replace(one, train_rows=max(BATCH_SIZES))
        for one in entries([miniature.checkpoint], miniature.glue)
    ]
    trials = [trial for entry in found for trial in grid_trials(entry, grid)]
    assert len(found) == 2
    assert len({trial.id for trial in trials}) == len(trials) == 2 * 3 * 20


@pytest.mark.parametrize(("rows", "refused"), [(127, True), (128, False)])
def test_a_task_of_less_than_a_batch_is_refused(entry, rows, refused):
    few = replace(entry, train_rows=rows)
    if refused:
        with pytest.raises(InputError, match=r"SST-2: .* least 128 .* found 127"):
            grid_trials(few, Grid())
    else:
        assert len(grid_trials(few, Grid())) == 20


@pytest.mark.parametrize(
    ("asked", "seeds", "fresh"),
    [((1, 1), (1,), ()), ((5, 1), (1,), (2, 3, 4, 5)), ((2, 3), (1, 2, 3), ())],
)
def test_the_seeds_of_the_grid_come_first(asked, seeds, fresh):
    grid = Grid().with_seeds(*asked)
    assert (grid.seeds, grid.fresh_seeds) == (seeds, fresh)


# Stacks


def test_four_in_a_stack_share_all_but_the_learning_rate(entry):
    """They see the same batches."""
    for stack in form_stacks(entry, of_one_batch_size(entry, (1, 2)), 4):
        assert len(stack.trials) == 4
        for field in fields(Trial):
            values = {getattr(trial, field.name) for trial in stack.trials}
            assert len(values) == 1 or field.name == "learning_rate"


@pytest.mark.parametrize(
    ("most", "seeds", "expected"),
    [
        (1, 1, [1, 1, 1, 1]),
        (2, 1, [2, 2]),
        (3, 1, [2, 2]),
        (4, 1, [4]),
        (7, 1, [4]),
        (4, 3, [4, 4, 4]),
        (8, 3, [4, 8]),
        (16, 5, [8, 12]),
        (20, 5, [20]),
    ],
)
def test_stacks_hold_rates_of_a_seed_then_whole_seeds(entry, most, seeds, expected):
    trials = of_one_batch_size(entry, tuple(range(seeds)))
    stacks = form_stacks(entry, trials, most)
    assert sizes(stacks) == expected
    assert [trial for stack in stacks for trial in stack.trials] == trials
    if most >= 4:
        assert all(len({t.learning_rate for t in s.trials}) == 4 for s in stacks)


def test_repeats_of_one_configuration_stand_side_by_side(entry):
    first, *_ = of_one_batch_size(entry)
    repeats = [replace(first, seed=seed) for seed in (2, 3, 4, 5)]
    assert sizes(form_stacks(entry, repeats, 4)) == [4]


@pytest.mark.parametrize(("trials", "expected"), [(4, [2, 2]), (3, [2, 1])])
def test_halves_are_what_the_stack_was(entry, trials, expected):
    (stack,) = form_stacks(entry, of_one_batch_size(entry)[:trials], 4)
    first, second = halves(stack)
    assert sizes((first, second)) == expected
    assert first.trials + second.trials == stack.trials


# The file


def on_a_device(size: int):
    """What takes so many in a stack, and notes that it was asked."""
    asked = []

    def most(entry, batch_size, trials):
        asked.append((batch_size, trials))
        return size

    return most, asked


def test_what_was_planned_is_kept_on_another_device(entry, tmp_path):
    trials = of_one_batch_size(entry, (1, 2))
    plan = PlanFile(tmp_path)
    large, _ = on_a_device(8)
    planned = plan.stacks(entry, trials, large)
    plan.write()
    small, asked = on_a_device(1)
    assert PlanFile(tmp_path).stacks(entry, trials, small) == planned
    assert asked == []
    assert sizes(planned) == [8]


def test_what_is_added_is_planned_by_itself(entry, tmp_path):
    """And what is no longer asked for leaves no stack behind that is too large."""
    plan, (four, asked) = PlanFile(tmp_path), on_a_device(4)
    (first,) = plan.stacks(entry, of_one_batch_size(entry), four)
    both = plan.stacks(entry, of_one_batch_size(entry, (1, 2)), four)
    assert both[0] == first
    assert sizes(both) == [4, 4]
    assert asked == [(32, 4), (32, 4)]
    large, _ = on_a_device(8)
    other = PlanFile(tmp_path / "other")
    other.stacks(entry, of_one_batch_size(entry, (1, 2)), large)
    assert sizes(other.stacks(entry, of_one_batch_size(entry), large)) == [4]


def test_halves_are_kept_too(entry, tmp_path):
    plan, (four, _) = PlanFile(tmp_path), on_a_device(4)
    (stack,) = plan.stacks(entry, of_one_batch_size(entry), four)
    plan.halve(stack)
    plan.write()
    found = PlanFile(tmp_path).stacks(entry, of_one_batch_size(entry), four)
    assert tuple(found) == halves(stack)


def test_the_file_is_for_people_too(entry, tmp_path):
    plan, (four, _) = PlanFile(tmp_path, 2), on_a_device(4)
    plan.stacks(entry, of_one_batch_size(entry), four)
    plan.write()
    written = json.loads((tmp_path / "plan.json").read_text())
    ids = [trial.id for trial in of_one_batch_size(entry)]
    assert written == {
        "stack": 2,
        "stacks": [
            {"task": "SST-2", "batch_size": 32, "trials": ids[:2]},
            {"task": "SST-2", "batch_size": 32, "trials": ids[2:]},
        ],
    }


def test_another_size_of_stacks_is_refused(entry, tmp_path):
    for begun, said in ((None, "no --stack"), (2, "--stack 2")):
        plan, (four, _) = PlanFile(tmp_path / str(begun), begun), on_a_device(4)
        plan.stacks(entry, of_one_batch_size(entry), four)
        plan.write()
        assert PlanFile(tmp_path / str(begun)).stack == begun
        with pytest.raises(InputError, match=f"begun with {said}, found --stack 3"):
            PlanFile(tmp_path / str(begun), 3)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stack": null, "stacks": [{}]}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputError, match=r"plan\.json: .* remove the file"):
        PlanFile(tmp_path)
