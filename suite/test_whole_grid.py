"""Time of the documented grid on five tasks, run as it is typed, and of its cache.

    tox -e benchmark -- -k whole_grid --glue-dir DIR --checkpoint DIR

`python -m suite sweep` in a process of its own, from start to end, with a worker for
each core; `--run-dir DIR` keeps its records, `--tasks` takes other tasks. What it
amounts to is printed at the end (suite/sweep_speed.py).
"""

import shlex
import subprocess
import sys
import time

import pytest

from reference.checkpoint import read_checkpoint
from reference.errors import InputError
from suite.environment import ROOT, cores
from suite.glue_files import split_path
from suite.grids import dev_score
from suite.records import RunDirectory, TrialRecord
from suite.sweep_speed import GRID_TASKS
from suite.task_cache import TaskSource, tokenised_task
from suite.tasks import TASKS
from suite.trials import Sources


@pytest.fixture
def given(request):
    """The checkpoint and the GLUE directory."""
    places = [request.config.getoption(name) for name in ("checkpoint", "glue_dir")]
    if None in places:
        pytest.skip("needs --glue-dir DIR and --checkpoint DIR")
    return [place.resolve() for place in places]


@pytest.fixture
def run(request, tmp_path) -> RunDirectory:
    """Where the records go; a run that is there would be resumed, and not measured."""
    path = request.config.getoption("run_dir") or tmp_path / "run"
    if (path / "trials.jsonl").exists():
        raise InputError(f"--run-dir: expected a new directory, found a run in {path}")
    return RunDirectory(path.resolve())


def test_whole_grid(benchmark, request, given, run):
    """From the typed command to its end, start-up included."""
    checkpoint, glue_dir = given
    tasks = request.config.getoption("tasks") or ",".join(GRID_TASKS)
    typed = ["-m", "suite", "sweep", "--tasks", tasks, "--workers", str(cores())]
    places = {"checkpoint": checkpoint, "glue-dir": glue_dir, "run-dir": run.path}
    for name, place in places.items():
        typed += [f"--{name}", str(place)]
    benchmark.pedantic(
        subprocess.run,
        ([sys.executable, *typed],),
        {"cwd": ROOT, "check": True, "stdout": subprocess.DEVNULL},
        rounds=1,
    )
    records = run.records()
    assert {record.trial.task for record in records} == set(tasks.split(","))
    # A trial may diverge, in its time; one that lost its worker measures nothing.
    assert not [r.reason for r in records if r.status == "failed" and not r.seconds]
    benchmark.extra_info["grid_run"] = {
        # Without the places of this machine.
        "command": shlex.join(["python", *typed[: -2 * len(places)]]),
        "workers": cores(),
        "trials": [described(record) for record in records],
    }


@pytest.mark.parametrize("task", [*GRID_TASKS, "MNLI"])
def test_cache(benchmark, given, tmp_path, task):
    """A task read from the cache, beside the time it takes to be made."""
    checkpoint, glue_dir = given
    if not split_path(glue_dir, TASKS[task], "train").is_file():
        pytest.skip(f"no train split of {task}")
    sources = Sources(checkpoint, glue_dir, cache=tmp_path / "cache")
    tokenizer = read_checkpoint(checkpoint).tokenizer
    source = TaskSource(sources, TASKS[task], tokenizer, max_seq_length=128)
    began = time.perf_counter()
    made = tokenised_task(source)
    seconds = time.perf_counter() - began
    benchmark.pedantic(tokenised_task, (source,), rounds=5)
    rows = len(made.data.labels)
    benchmark.extra_info.update(cached_task=task, rows=rows, made_in=seconds)


def described(record: TrialRecord) -> dict:
    """What suite/sweep_speed.py wants to know of a trial."""
    trial, ran = record.trial, record.ran
    return {
        "task": trial.task,
        "batch_size": trial.batch_size,
        "learning_rate": trial.learning_rate,
        "seed": trial.seed,
        "status": record.status,
        "seconds": record.seconds,
        "score": dev_score(record),
        "stack": ran.get("stack"),
    } | {name: ran[name] for name in ("spent", "tokens") if name in ran}
