"""A sweep whose workers are killed at random has the records of an undisturbed one."""

import multiprocessing
import os
import random
import signal
from dataclasses import replace

import numpy as np
import pytest

from suite.local_executor import LocalExecutor
from suite.records import RunDirectory
from tests.suite.miniature import GRID

KILLS = 20


@pytest.mark.slow
def test_forty_trials_and_twenty_kills(miniature, tmp_path, monkeypatch):
    """At every other record a worker is killed, whichever and whatever it is at.

    A trial that loses its worker twice is recorded as failed, and run again by the same
    command; none is lost, none finished twice, and all are equal bit for bit. One trial
    a stack: a larger one that is killed twice is halved, and equal but for rounding.
    """
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # of which a worker starts sooner
    rng = random.Random(1)
    grid = replace(GRID, seeds=tuple(range(1, 6)))
    undisturbed, disturbed = (RunDirectory(tmp_path / name) for name in "ab")
    with LocalExecutor(2, tmp_path / "logs") as executor:
        assert len(list(miniature.sweep(undisturbed, grid, 1).run(executor))) >= 40
    kills = 0
    with LocalExecutor(2, tmp_path / "logs") as executor:
        while (sweep := miniature.sweep(disturbed, grid, 1)).stacks():
            for number, _ in enumerate(sweep.run(executor)):
                if number % 2 and kills < KILLS:
                    victim = rng.choice(multiprocessing.active_children())
                    os.kill(victim.pid, signal.SIGKILL)
                    kills += 1
    # One for every other record of at least forty, but for those of the last moment.
    assert kills >= KILLS - 2
    lines = disturbed.records(), undisturbed.records()
    finished = [[r for r in records if r.status == "finished"] for records in lines]
    assert [len(records) for records in finished] == [40, 40]
    found = {record.trial.id: record for record in finished[0]}
    assert len(found) == 40
    for record in finished[1]:
        same = found[record.trial.id]
        assert (same.scores, same.losses) == (record.scores, record.losses)
        predictions = disturbed.predictions(record.trial.id)
        for split, array in undisturbed.predictions(record.trial.id).items():
            np.testing.assert_array_equal(predictions[split], array)
