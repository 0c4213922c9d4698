"""Stacks and their records; a sweep that is killed and one that is not.

What is stacked is tests/suite/test_plan.py, and what a stack computes
tests/suite/test_trials.py; most of this runs no model.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference.errors import InputError
from suite.grids import configuration_of, selected_configuration
from suite.local_executor import LocalExecutor
from suite.records import RunDirectory
from suite.sweep import Sweep
from suite.trials import DIVERGED
from tests.reference.float32 import tolerance
from tests.suite.made_up import MadeUp, result_of
from tests.suite.miniature import CONFIG, GRID

ROOT = Path(__file__).resolve().parents[2]


def records_of(sweep: Sweep, executor) -> list:
    return [record for record in sweep.run(executor) if record is not None]


# Stacks and records


def test_stacks_do_not_depend_on_what_is_finished(miniature, tmp_path):
    """Wherever a sweep was stopped, the next runs stacks of the undisturbed one."""
    undisturbed = MadeUp()
    whole = RunDirectory(tmp_path / "whole")
    records_of(miniature.sweep(whole), undisturbed)
    assert len(whole.records()) == 8
    for recorded in range(1, 8):
        run = RunDirectory(tmp_path / str(recorded))
        for record in whole.records()[:recorded]:
            run.append(record, whole.predictions(record.trial.id))
        resumed = MadeUp()
        sweep = miniature.sweep(run)
        assert (sweep.done, sweep.total) == (recorded, 8)
        records_of(sweep, resumed)
        assert set(resumed.stacks) <= set(undisturbed.stacks)
        lines = (run.path / "trials.jsonl").read_text().splitlines()
        assert len(lines) == 8  # none lost, none twice
        assert {r.trial.id for r in run.records()} == {
            r.trial.id for r in whole.records()
        }


def test_a_finished_sweep_has_nothing_to_do(miniature, tmp_path):
    run = RunDirectory(tmp_path)
    records_of(miniature.sweep(run), MadeUp())
    again = MadeUp()
    assert records_of(miniature.sweep(run), again) == []
    assert again.stacks == []


def test_progress_counts_what_is_under_way(miniature, tmp_path):
    sweep = miniature.sweep(RunDirectory(tmp_path))
    seen = [sweep.progress for _ in sweep.run(MadeUp())]
    assert seen[0] == 1.0  # half of a stack of two
    assert seen[-1] == sweep.total == sweep.done == 8
    assert seen == sorted(seen)


def test_a_diverged_trial_is_a_record_with_its_reason(miniature, tmp_path):
    """Its neighbours in the stack are recorded as they are."""

    def fate(stack, trial):
        result = result_of(stack, trial)
        if trial.learning_rate == 1e-2:
            losses = [0.7, float("nan")]
            result = replace(
                result, diverged="diverged: why", losses=losses, predictions=None
            )
        return result

    run = RunDirectory(tmp_path)
    records = records_of(miniature.sweep(run), MadeUp(fate))
    assert run.records() == records
    for record in records:
        if record.trial.learning_rate == 1e-2:
            assert (record.status, record.reason) == ("failed", "diverged: why")
            assert (record.scores, record.losses) == ({}, [0.7])
        else:
            assert record.status == "finished"
            assert set(record.scores) >= {"dev"}


def test_a_diverged_trial_is_not_run_again(miniature, tmp_path):
    """What lost its worker is."""

    def fate(stack, trial):
        result = result_of(stack, trial)
        if trial.batch_size == 8 and trial.learning_rate == 1e-2:
            diverged = f"{DIVERGED}: why"
            return replace(result, diverged=diverged, predictions=None)
        if trial.batch_size == 16:
            return "its worker process died (SIGKILL), 2 times"
        return result

    run = RunDirectory(tmp_path)
    records_of(miniature.sweep(run), MadeUp(fate))
    again, sweep = MadeUp(), miniature.sweep(run)
    assert (sweep.done, sweep.total) == (4, 8)
    records_of(sweep, again)
    assert {stack.trials[0].batch_size for stack in again.stacks} == {16}
    failed = [record for record in run.records() if record.status == "failed"]
    assert {record.reason for record in failed} == {"diverged: why"}
    assert len(failed) == 2  # one of each task


def test_a_stack_that_fails_is_recorded_and_tried_again(miniature, tmp_path):
    run = RunDirectory(tmp_path)

    def fate(stack, trial):
        failure = "Traceback …\nMemoryError: too much\n"
        return failure if trial.batch_size == 8 else result_of(stack, trial)

    records = records_of(miniature.sweep(run), MadeUp(fate))
    failed = [record for record in records if record.status == "failed"]
    assert {record.reason for record in failed} == {"MemoryError: too much"}
    assert {record.trial.batch_size for record in failed} == {8}
    assert len(failed) == 4
    sweep = miniature.sweep(run)
    assert sweep.done == 4
    assert len(records_of(sweep, MadeUp())) == 4
    assert {record.status for record in run.records()} == {"finished"}


def test_a_degenerate_trial_is_flagged(miniature, tmp_path):
    run = RunDirectory(tmp_path)

    def fate(stack, trial):
        return replace(result_of(stack, trial), degenerate="constant")

    (record, *_) = records_of(miniature.sweep(run), MadeUp(fate))
    assert (record.status, record.degenerate) == ("finished", "constant")


def test_a_stack_short_of_memory_is_halved_and_what_fits_is_kept(miniature, tmp_path):
    """Down to single trials; the one that does not fit even so fails, with why."""
    largest = {8: 1, 16: 0}

    def fate(stack, trial):
        if len(stack.trials) > largest[trial.batch_size]:
            return "Traceback …\nMemoryError: too much\n"
        return result_of(stack, trial)

    run, executor = RunDirectory(tmp_path), MadeUp(fate)
    records = records_of(miniature.sweep(run), executor)
    assert [len(stack.trials) for stack in executor.stacks] == [2] * 4 + [1] * 8
    assert len(records) == len({record.trial.id for record in records}) == 8
    for record in records:
        fits = record.trial.batch_size == 8
        assert record.status == ("finished" if fits else "failed")
        assert record.reason == (None if fits else "MemoryError: too much")
    again = MadeUp()
    records_of(miniature.sweep(run), again)
    assert [len(stack.trials) for stack in again.stacks] == [1] * 4  # as it ended


def test_another_size_of_stacks_does_not_join_in(miniature, tmp_path):
    run, executor = RunDirectory(tmp_path), MadeUp()
    alone = miniature.sweep(run, stack=1)
    assert len(records_of(alone, executor)) == 8
    assert {len(stack.trials) for stack in executor.stacks} == {1}
    assert miniature.sweep(run).done == 8
    with pytest.raises(InputError, match="begun with --stack 1, found --stack 2"):
        miniature.sweep(run, stack=2)


# The selected configuration on fresh seeds

REPEATED = replace(GRID, fresh_seeds=(2, 3, 4))


def test_what_is_selected_is_repeated_after_the_grid(miniature, tmp_path):
    run, executor = RunDirectory(tmp_path), MadeUp()
    sweep = miniature.sweep(run, REPEATED)
    assert (sweep.done, sweep.total) == (0, 2 * (4 + 3))
    seen = [sweep.progress for _ in sweep.run(executor)]
    assert seen == sorted(seen)
    assert (sweep.done, sweep.total) == (14, 14)
    records = run.records()
    assert [record.trial.seed for record in records[:8]] == [1] * 8
    for task in ("SST-2", "RTE"):
        own = [record for record in records if record.trial.task == task]
        chosen = selected_configuration(own[:4])
        repeats = [r.trial for r in own if r.trial.seed != 1]
        assert {trial.seed for trial in repeats} == {2, 3, 4}
        assert {(t.batch_size, t.learning_rate) for t in repeats} == {chosen}
        scores = [record.scores["dev"]["accuracy"] for record in own[:4]]
        (best,) = (
            record.scores["dev"]["accuracy"]
            for record in own[:4]
            if (record.trial.batch_size, record.trial.learning_rate) == chosen
        )
        assert best == max(scores)
    # Three of one configuration in a stack, as there are no more.
    assert [len(stack.trials) for stack in executor.stacks[4:]] == [3, 3]


def test_seeds_are_added_without_the_grid(miniature, tmp_path):
    """Wherever it is stopped, the same command ends with the same trials."""
    run = RunDirectory(tmp_path)
    records_of(miniature.sweep(run), MadeUp())
    more = MadeUp()
    sweep = miniature.sweep(run, replace(REPEATED, fresh_seeds=(2,)))
    assert (sweep.done, sweep.total) == (8, 10)
    assert len(records_of(sweep, more)) == 2
    sweep = miniature.sweep(run, REPEATED)
    assert (sweep.done, sweep.total) == (10, 14)
    assert len(records_of(sweep, more)) == 4
    assert {trial.seed for stack in more.stacks for trial in stack.trials} == {2, 3, 4}
    assert records_of(miniature.sweep(run, REPEATED), MadeUp()) == []


def test_a_grid_that_is_not_over_selects_nothing(miniature, tmp_path):
    """What failed by bad luck may be the best; what diverged is not."""

    def fate(stack, trial):
        if (trial.task, trial.batch_size) == ("RTE", 16):
            return "its worker process died (SIGKILL), 2 times"
        result = result_of(stack, trial)
        if (trial.task, trial.batch_size) == ("SST-2", 16):
            diverged = f"{DIVERGED}: why"
            return replace(result, diverged=diverged, predictions=None)
        return result

    run = RunDirectory(tmp_path)
    sweep = miniature.sweep(run, REPEATED)
    records = records_of(sweep, MadeUp(fate))
    repeats = [record.trial for record in records if record.trial.seed > 1]
    assert {(trial.task, trial.batch_size) for trial in repeats} == {("SST-2", 8)}
    assert (sweep.done, sweep.total) == (4 + 3 + 4, 14)
    assert (sweep.failed, sweep.to_run_again) == (4, 2 + 3)
    records_of(miniature.sweep(run, REPEATED), MadeUp())
    assert miniature.sweep(run, REPEATED).done == 14


def test_each_variation_selects_its_own(miniature, tmp_path):
    """What is best without may not be with it; both are run on the fresh seeds."""
    varied = replace(REPEATED, variations=("", "other"))
    run = RunDirectory(tmp_path)
    sweep = miniature.sweep(run, varied)
    assert sweep.total == 2 * 2 * (4 + 3)
    records = records_of(sweep, MadeUp())
    assert sweep.done == 28
    for name in varied.variations:
        for task in ("SST-2", "RTE"):
            own = [r for r in records if r.trial.task == task]
            own = [r for r in own if r.trial.variation == name]
            grid = [record for record in own if record.trial.seed == 1]
            repeats = {configuration_of(r.trial) for r in own if r.trial.seed > 1}
            assert repeats == {selected_configuration(grid)}


def test_a_grid_of_diverged_trials_has_nothing_to_repeat(miniature, tmp_path):
    def fate(stack, trial):
        result = replace(result_of(stack, trial), predictions=None)
        return replace(result, diverged=f"{DIVERGED}: why")

    sweep = miniature.sweep(RunDirectory(tmp_path), REPEATED)
    records_of(sweep, MadeUp(fate))
    assert (sweep.done, sweep.total, sweep.best) == (8, 8, {})


def test_the_best_so_far_is_known_by_task(miniature, tmp_path):
    run = RunDirectory(tmp_path)
    sweep = miniature.sweep(run)
    assert sweep.best == {}
    for _ in sweep.run(MadeUp()):
        found = {}
        for record in run.records():
            score = record.scores["dev"]["accuracy"]
            found[record.trial.task] = max(score, found.get(record.trial.task, 0.0))
        assert sweep.best == found
    assert miniature.sweep(run).best == found


# Killed and resumed


def test_killed_and_resumed_equals_undisturbed_bit_for_bit(miniature, tmp_path):
    """SIGKILL to the process group in the middle of a stack, then the same again."""
    undisturbed, killed = (
        RunDirectory(tmp_path / name) for name in ("whole", "killed")
    )
    program = [sys.executable, "-m", "tests.suite.miniature"]
    waiting = subprocess.Popen(
        [*program, miniature.directory, killed.path], cwd=ROOT, start_new_session=True
    )
    try:
        finish(miniature.sweep(undisturbed), undisturbed)
        while not killed.records():
            assert waiting.poll() is None
            time.sleep(0.05)
    finally:
        os.killpg(waiting.pid, signal.SIGKILL)
        waiting.wait()
    assert len(killed.finished_ids()) == 1
    finish(miniature.sweep(killed), killed)
    assert_whole(undisturbed)
    assert_whole(killed)
    found = {record.trial.id: record for record in killed.records()}
    for record in undisturbed.records():
        trial_id = record.trial.id
        assert found[trial_id].scores == record.scores
        assert found[trial_id].losses == record.losses
        predictions = killed.predictions(trial_id)
        for split, array in undisturbed.predictions(trial_id).items():
            np.testing.assert_array_equal(predictions[split], array)


@pytest.mark.slow
def test_stack_place_and_workers_change_nothing(miniature, tmp_path):
    """Bit for bit where the stacks are the same; else as far as rounding goes."""
    grid = replace(GRID, seeds=(1, 2))
    found = {}
    for stack, workers in ((2, 1), (2, 2), (1, 2), (4, 2)):
        run = RunDirectory(tmp_path / f"{stack}-{workers}")
        finish(miniature.sweep(run, grid, stack), run, workers)
        found[stack, workers] = {r.trial.id: r for r in run.records()}
        assert {r.ran["stack"] for r in run.records()} == {stack}
    alike = found[2, 1]
    assert len(alike) == 16
    for trial_id, record in alike.items():
        again = found[2, 2][trial_id]
        assert (again.scores, again.losses) == (record.scores, record.losses)
        # Six steps of training at most, each a pass there and back.
        allowed = 2 * 6 * tolerance(CONFIG)
        for other in ((1, 2), (4, 2)):
            np.testing.assert_allclose(
                found[other][trial_id].losses, record.losses, rtol=allowed
            )


def finish(sweep: Sweep, run: RunDirectory, workers: int = 1) -> None:
    with LocalExecutor(workers, run.path / "logs") as executor:
        records_of(sweep, executor)


def assert_whole(run: RunDirectory) -> None:
    """Eight trials, none lost and none twice, with all their scores."""
    assert len((run.path / "trials.jsonl").read_text().splitlines()) == 8
    records = run.records()
    assert len({record.trial.id for record in records}) == 8
    assert {record.status for record in records} == {"finished"}
    for record in records:
        splits = {"SST-2": {"dev", "test"}, "RTE": {"dev"}}[record.trial.task]
        assert set(record.scores) == splits
        assert set(run.predictions(record.trial.id)) == splits
