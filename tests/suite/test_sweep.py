"""The grid, its stacks and their records; a sweep that is killed and one that is not.

What a stack computes is tests/suite/test_trials.py; most of this runs no model.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from reference.errors import InputError
from suite.executor import LocalExecutor
from suite.records import RunDirectory, Trial
from suite.sources import entries
from suite.sweep import BATCH_SIZES, Grid, Sweep, stacks_of
from suite.trials import DIVERGED
from tests.suite.made_up import MadeUp, result_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def entry(miniature):
    first, *_ = entries([miniature.checkpoint], miniature.glue)
    return replace(first, train_rows=max(BATCH_SIZES))


def records_of(sweep: Sweep, executor) -> list:
    return [record for record in sweep.run(executor) if record is not None]


# The grid


def test_the_grid_is_the_documented_one(entry):
    """The March 2020 release: batch sizes, learning rates and 4 epochs."""
    trials = [trial for stack in stacks_of(entry, Grid()) for trial in stack.trials]
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
    trials = [t for entry in found for s in stacks_of(entry, grid) for t in s.trials]
    assert len(found) == 2
    assert len({trial.id for trial in trials}) == len(trials) == 2 * 3 * 20


def test_a_stack_shares_all_but_the_learning_rate(entry):
    for stack in stacks_of(entry, Grid(seeds=(1, 2))):
        for field in fields(Trial):
            values = {getattr(trial, field.name) for trial in stack.trials}
            assert len(values) == 1 or field.name == "learning_rate"


@pytest.mark.parametrize(("rows", "refused"), [(127, True), (128, False)])
def test_a_task_of_less_than_a_batch_is_refused(entry, rows, refused):
    few = replace(entry, train_rows=rows)
    if refused:
        with pytest.raises(InputError, match=r"SST-2: .* least 128 .* found 127"):
            stacks_of(few, Grid())
    else:
        assert len(stacks_of(few, Grid())) == 5


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


def finish(sweep: Sweep, run: RunDirectory) -> None:
    with LocalExecutor(1, run.path / "logs") as executor:
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
