"""How long the bootstrap of a whole sweep takes, and how much memory.

    tox -e benchmark -- -k resamples

Random predictions of 20 configurations × 5 seeds on the dev splits of all nine tasks in
their official sizes; tasks are shared out over two processes of one thread each.
"""

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from suite.statistics import score_draws
from suite.tasks import GLUE_TASKS, TASKS

CONFIGURATIONS, SEEDS, PROCESSES = 20, 5, 2
MEMORY = 2e9
# Each of them to one process as it is free, so the longest first.
SPLITS = sorted(
    (
        (name, split)
        for name in GLUE_TASKS
        for split in TASKS[name].splits
        if split.startswith("dev")
    ),
    key=lambda key: (key[0] != "STS-B", -TASKS[key[0]].rows[key[1]]),
)


@pytest.mark.parametrize("resamples", [2500, 5000, 10_000])
def test_resamples(benchmark, monkeypatch, resamples):
    """All metrics of every configuration, by their resamples; linear in these."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    peaks = benchmark.pedantic(_whole_sweep, (resamples,), rounds=1)
    assert sum(peaks) < MEMORY
    benchmark.extra_info.update(
        amount=resamples,
        unit="resamples of a sweep",
        processes=PROCESSES,
        peak_memory_bytes=sum(peaks),
    )


def _whole_sweep(resamples: int) -> list[int]:
    """The peak memory of each process."""
    context = multiprocessing.get_context("spawn")
    peaks: dict[int, int] = {}
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        jobs = [pool.submit(_one_split, *key, resamples) for key in SPLITS]
        for job in jobs:
            process, peak = job.result()
            peaks[process] = max(peak, peaks.get(process, 0))
    return list(peaks.values())


def _one_split(name: str, split: str, resamples: int) -> tuple[int, int]:
    """This process and its peak memory in bytes."""
    task, rng = TASKS[name], np.random.default_rng(0)
    rows = task.rows[split]
    shape = (CONFIGURATIONS, SEEDS, rows)
    if task.is_regression:
        labels = rng.integers(0, 26, rows) / 5  # as STS-B's, with ties
        predictions = (labels + rng.normal(0, 1, shape)).astype(np.float32)
    else:
        labels = rng.integers(0, len(task.labels), rows).astype(np.int32)
        predictions = rng.integers(0, len(task.labels), shape).astype(np.int32)
    draws = score_draws(task, predictions, labels, rng, resamples)
    assert draws["main"].shape == (CONFIGURATIONS, resamples)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = multiprocessing.current_process().pid
    return own, peak * (1 if sys.platform == "darwin" else 1024)
