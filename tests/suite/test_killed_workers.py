"""A sweep whose workers are killed at random ends as an undisturbed one."""

import json
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace

import numpy as np
import pytest

from suite.local_executor import LocalExecutor
from suite.records import RunDirectory
from suite.sources import entries
from suite.sweep import Sweep
from suite.trials import run_stack
from tests.suite.miniature import GRID
from tests.suite.quick_trials import quick_stack

# Two tasks, two batch sizes, two learning rates.
FORTY = replace(GRID, seeds=(1, 2, 3, 4, 5))
# Each is the same command typed again; what fails is what died twice.
MOST_COMMANDS = 30


@contextmanager
def killer(
    rng: random.Random, seconds: float, kills: int, how: int = signal.SIGKILL
) -> Iterator[list[int]]:
    """Kill some worker every so many seconds on average; gives who was killed."""
    over, killed = threading.Event(), []

    def work() -> None:
        while len(killed) < kills and not over.wait(rng.expovariate(1 / seconds)):
            if workers := multiprocessing.active_children():
                victim = rng.choice(workers)
                with suppress(ProcessLookupError):
                    os.kill(victim.pid, how)
                    killed.append(victim.pid)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def complete(miniature, run: RunDirectory, job=quick_stack) -> int:
    """Run forty trials until nothing is missing; returns how often it was begun."""
    with LocalExecutor(2, run.path / "logs") as executor:
        for command in range(1, MOST_COMMANDS):
            found = entries([miniature.checkpoint], miniature.glue)
            work = Sweep(run, [replace(entry, job=job) for entry in found], FORTY)
            for _ in work.run(executor):
                pass
            if not work.to_run_again:
                return command
    raise AssertionError(f"{work.to_run_again} trials failed {MOST_COMMANDS} times")


def assert_the_same(run: RunDirectory, undisturbed: RunDirectory) -> None:
    """None lost, none twice, and every number equal."""
    lines = (run.path / "trials.jsonl").read_text().splitlines()
    finished = [x["id"] for x in map(json.loads, lines) if x["status"] == "finished"]
    assert len(finished) == len(set(finished)) == 40
    found = {record.trial.id: record for record in run.records()}
    wanted = {record.trial.id: record for record in undisturbed.records()}
    assert set(found) == set(wanted) == set(finished)
    for trial_id, record in wanted.items():
        assert _numbers(found[trial_id]) == _numbers(record)
        predictions = run.predictions(trial_id)
        for split, array in undisturbed.predictions(trial_id).items():
            np.testing.assert_array_equal(predictions.pop(split), array)
        assert predictions == {}
    assert len([*(run.path / "predictions").iterdir()]) == 40


def _numbers(record) -> dict:
    """All but how long it took, and on what."""
    return asdict(replace(record, seconds=0.0, ran={}))


def test_workers_killed_at_random(miniature, tmp_path):
    undisturbed = RunDirectory(tmp_path / "undisturbed")
    assert complete(miniature, undisturbed) == 1
    run = RunDirectory(tmp_path / "killed")
    with killer(random.Random(0), 0.3, kills=4) as killed:
        complete(miniature, run)
    assert killed
    assert_the_same(run, undisturbed)


@pytest.mark.slow
def test_workers_killed_at_random_in_twenty_sweeps(miniature, tmp_path):
    undisturbed = RunDirectory(tmp_path / "undisturbed")
    complete(miniature, undisturbed)
    times_killed = []
    for number in range(20):
        run = RunDirectory(tmp_path / str(number))
        with killer(random.Random(number), 0.5, kills=5) as killed:
            complete(miniature, run)
        assert_the_same(run, undisturbed)
        times_killed.append(len(killed))
    assert sum(times_killed) >= 20


@pytest.mark.slow
def test_workers_killed_in_the_middle_of_training(miniature, tmp_path):
    """The same with the model itself, whose programs a new worker must compile.

    They abort: one that is killed twice over the same stack is taken to be short of
    memory, and halves of a stack give its numbers within rounding only.
    """
    undisturbed, run = (RunDirectory(tmp_path / name) for name in ("whole", "killed"))
    complete(miniature, undisturbed, run_stack)
    with killer(random.Random(0), 10.0, 4, signal.SIGABRT) as killed:
        complete(miniature, run, run_stack)
    assert killed
    assert_the_same(run, undisturbed)
