"""A plan that is shown and not carried out, and what it may take."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from suite import environment
from suite.dry_run import estimate_of_time, plan_table, planned_rows, show
from suite.plan import Grid
from suite.recorded_rates import recorded_rates
from suite.recorded_sweep import Execution
from suite.records import RunDirectory, Trial, TrialRecord
from suite.sources import entries
from suite.sweep import Sweep
from tests.suite.made_up import MadeUp
from tests.suite.miniature import GRID

MACHINE = environment.machine()
BACKEND = environment.backend()


def recorded(path, seconds: dict[tuple[str, int], float], ran=(), **described):
    """A run with a trial of these seconds for each task and batch size."""
    run = RunDirectory(path)
    run.write_run({"device": MACHINE, "backend": BACKEND} | described)
    for (task, batch_size), taken in seconds.items():
        trial = Trial("c" * 64, task, "d" * 64, batch_size, 1e-4, 1)
        run.append(
            TrialRecord(
                trial=trial,
                model="BERT-Tiny",
                masking=None,
                status="finished",
                reason=None,
                degenerate=None,
                scores={"dev": {"accuracy": 0.5}},
                losses=[0.7],
                seconds=taken,
                ran={"device": "CPU"} | dict(ran),
            )
        )
    return path


# Rates


def test_a_rate_is_of_the_task_and_batch_size_or_what_is_nearest(tmp_path):
    """RTE has 2490 rows, WNLI 635, and each 4 epochs."""
    seconds = {("RTE", 8): 40.0, ("RTE", 16): 20.0, ("WNLI", 16): 10.0}
    rates = recorded_rates([recorded(tmp_path / "run", seconds)], "BERT-Tiny")
    assert rates.run == "run"
    assert rates.rate("RTE", 8) == pytest.approx(4 * 2490 / 40)
    assert rates.rate("WNLI", 16) == pytest.approx(4 * 635 / 10)
    assert rates.rate("MRPC", 16) == pytest.approx(4 * (2490 + 635) / 30)
    every = pytest.approx(4 * (2490 + 2490 + 635) / 70)
    assert rates.rate("RTE") == rates.rate("MRPC", 128) == every


def test_rates_are_of_this_model_machine_and_backend_on_whole_tasks(tmp_path):
    seconds = {("RTE", 8): 40.0}
    others = [
        recorded(tmp_path / "machine", seconds, device="abacus, 2 cores, Linux"),
        recorded(tmp_path / "backend", seconds, backend="abacus"),
        recorded(tmp_path / "sample", seconds, sample=True),
        recorded(tmp_path / "partial", seconds, partial={"RTE": "a part of it"}),
        tmp_path / "none",
    ]
    assert recorded_rates(others, "BERT-Tiny") is None
    assert recorded_rates([recorded(tmp_path / "own", seconds)], "BERT-Mini") is None
    found = recorded_rates([*others, tmp_path / "own"], "BERT-Tiny")
    assert found.run == "own"


def test_cores_are_no_matter(tmp_path):
    name = MACHINE.split(",")[0]
    run = recorded(tmp_path, {("RTE", 8): 40.0}, device=f"{name}, 96 cores, Linux")
    assert recorded_rates([run], "BERT-Tiny")


def test_of_a_run_on_two_processors_only_the_trials_of_this_one_count(tmp_path):
    """The first machine is the one that records of before name by their run."""
    both = f"abacus, 2 cores, Linux; {MACHINE}"
    recorded(tmp_path, {("RTE", 8): 40.0}, device=both)
    assert recorded_rates([tmp_path], "BERT-Tiny") is None
    here = {"processor": environment.processor()}
    recorded(tmp_path, {("WNLI", 8): 10.0}, ran=here, device=both)
    rates = recorded_rates([tmp_path], "BERT-Tiny")
    assert rates.rate("RTE", 8) == rates.rate("WNLI", 8) == pytest.approx(4 * 635 / 10)


# The table


@pytest.fixture
def tiny(miniature):
    """Entries that are called as a published model is, with round numbers of rows."""
    found = entries([miniature.checkpoint], miniature.glue)
    return [replace(entry, model="BERT-Tiny", train_rows=160) for entry in found]


def printed(work: Sweep, grid: Grid, runs=(), **execution) -> str:
    console = Console(file=io.StringIO(), width=100)
    show(work, grid, Execution(**execution), runs, console)
    return console.file.getvalue()


def test_the_plan_as_it_is_shown(tiny, tmp_path):
    grid = replace(GRID, fresh_seeds=(2, 3))
    work = Sweep(RunDirectory(tmp_path / "run"), tiny, grid)
    # Twice 160 rows, 2 rates and 2 batch sizes: 1280 examples, and 640 to be selected.
    runs = [recorded(tmp_path / "old", {("RTE", 8): 4 * 2490.0})]
    assert [
        line.split() for line in printed(work, grid, runs, workers=2).splitlines()
    ] == [
        "Batch sizes 8, 16: not as documented.".split(),
        "Learning rates 0.01, 0.001: not as documented.".split(),
        ["Task", "Batch", "size", "Trials", "Stacks", "Steps", "Examples"],
        ["SST-2", "8", "2", "1", "20", "320"],
        ["SST-2", "16", "2", "1", "10", "320"],
        ["RTE", "8", "2", "1", "20", "320"],
        ["RTE", "16", "2", "1", "10", "320"],
        ["SST-2", "selected", "2", "–", "–", "320"],
        ["RTE", "selected", "2", "–", "–", "320"],
        ["All", "12", "4", "60", "1,920"],
        "About 16 min with 2 workers, at the rates that were recorded in old.".split(),
    ]
    assert not (tmp_path / "run").exists()


def test_what_is_recorded_is_not_planned(miniature, tiny, tmp_path):
    run = RunDirectory(tmp_path / "run")
    for _ in Sweep(run, tiny[:1], GRID).run(MadeUp()):
        pass
    rows = planned_rows(Sweep(run, tiny, GRID), GRID)
    assert {row.entry.task.name for row in rows} == {"RTE"}
    said = printed(Sweep(run, tiny[:1], GRID), GRID)
    assert said.endswith(".\nNothing to run: all 4 trials are recorded.\n")


def test_no_time_is_made_up(tiny, tmp_path):
    said = printed(Sweep(RunDirectory(tmp_path), tiny, GRID), GRID)
    assert "No estimate of time: no run of BERT-Tiny on a machine and backend" in said


def test_several_checkpoints_are_added_up(tiny, tmp_path):
    twins = [*tiny, *(replace(entry, checkpoint_sha256="e" * 64) for entry in tiny)]
    rows = planned_rows(Sweep(RunDirectory(tmp_path), twins, GRID), GRID)
    assert len(rows) == 8
    table = plan_table(rows)
    assert table.row_count == 4
    assert [*table.columns[2].cells] == ["4"] * 4


def test_the_size_of_stacks_is_open_on_an_accelerator(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "may_have_accelerator", lambda: True)
    work = Sweep(RunDirectory(tmp_path), tiny, GRID)
    assert "their size is measured first" in printed(work, GRID)
    assert "measured" not in printed(work, GRID, stack=2)


def test_hours_are_told_from_seconds(tiny, tmp_path):
    rows = planned_rows(Sweep(RunDirectory(tmp_path / "run"), tiny, GRID), GRID)
    for seconds, said in ((1.0, "About 60 s"), (4 * 2490 * 60.0, "21 h 20 min")):
        path = recorded(tmp_path / f"{seconds}", {("RTE", 8): seconds})
        assert said in estimate_of_time(rows, 1, [path])
