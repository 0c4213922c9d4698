"""The executor with trivial jobs: what it runs, in which worker, and who dies of what.

No job here computes anything, so that a worker starts in half a second.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reference.errors import InputError
from suite import executor
from suite.executor import Event, Job, LocalExecutor, or_failure
from tests.suite import jobs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pair(tmp_path):
    with LocalExecutor(2, tmp_path / "logs") as started:
        yield started


def is_gone(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_every_job_is_done_once_and_again(pair):
    for _ in range(2):
        todo = [Job(jobs.double, (number,)) for number in range(20)]
        events = list(pair.run(todo))
        assert {event.kind for event in events} == {"done"}
        assert {event.job for event in events} == set(todo)
        assert sorted(event.value for event in events) == list(range(0, 40, 2))
    assert list(pair.run([])) == []


def test_reports_come_before_the_end(pair):
    (job,) = todo = [Job(jobs.count_to, (3,))]
    said = [(event.kind, event.value) for event in pair.run(todo)]
    assert said == [("report", n) for n in range(3)] + [("done", "over")]
    assert all(event.job is job for event in pair.run(todo))


def test_workers_stay_with_what_they_have_compiled(pair):
    """Jobs come mixed; each worker begins with a kind of its own and changes once."""
    todo = [Job(jobs.short_work, (kind,), affinity=kind) for kind in "ab" * 10]
    kinds_of: dict[int, list[str]] = {}
    for event in pair.run(todo):
        kind, worker = event.value
        kinds_of.setdefault(worker, []).append(kind)
    assert len(kinds_of) == 2
    changes = [[k for k, _ in itertools.groupby(kinds)] for kinds in kinds_of.values()]
    assert sorted(kinds[0] for kinds in changes) == ["a", "b"]
    assert max(map(len, changes)) <= 2


def test_costly_jobs_go_first(tmp_path):
    costs = [3, 1, 4, 1, 5, 9, 2, 6]
    todo = [Job(jobs.double, (cost,), cost=cost) for cost in costs]
    with LocalExecutor(1, tmp_path) as alone:
        done = [event.job.cost for event in alone.run(todo)]
    assert done == sorted(costs, reverse=True)


def test_a_grown_worker_is_replaced_before_another_kind_of_job(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "MEMORY_LIMIT", 0)
    todo = [Job(jobs.process_id, (), affinity=kind) for kind in "aabb"]
    with LocalExecutor(1, tmp_path) as alone:
        first, second, third, fourth = (event.value for event in alone.run(todo))
    assert first == second != third == fourth


def test_a_killed_worker_costs_its_job_one_retry_and_nothing_else(pair, tmp_path):
    attempts = tmp_path / "attempts"
    fatal = Job(jobs.die, (attempts,))
    harmless = [Job(jobs.double, (number,)) for number in range(8)]
    events = list(pair.run([*harmless, fatal]))
    (failure,) = (event for event in events if event.kind == "failed")
    assert failure.job is fatal
    assert failure.reason == "its worker process died (SIGKILL), 2 times"
    assert attempts.read_text() == "xx"
    done = sorted(event.value for event in events if event.kind == "done")
    assert done == list(range(0, 16, 2))


def test_a_job_may_succeed_at_its_second_try(tmp_path):
    todo = [Job(jobs.die_at_first, (tmp_path / "attempts",))]
    with LocalExecutor(1, tmp_path) as alone:
        (event,) = alone.run(todo)
    assert (event.kind, event.value) == ("done", "second try")


def test_a_worker_may_die_while_it_has_nothing_to_do(tmp_path):
    todo = [Job(jobs.process_id, ())]
    with LocalExecutor(1, tmp_path) as alone:
        (before,) = alone.run(todo)
        os.kill(before.value, signal.SIGKILL)
        wait_until(lambda: is_gone(before.value))
        (after,) = alone.run(todo)
    assert after.kind == "done"
    assert after.value != before.value


@pytest.mark.parametrize(
    ("function", "reason"),
    [(jobs.fail, "KeyError: 'this is what went wrong'"), (jobs.unpicklable, "lambda")],
)
def test_an_exception_is_a_failure_with_its_traceback(tmp_path, function, reason):
    todo = [Job(function, (), cost=1), Job(jobs.process_id, ())]
    with LocalExecutor(1, tmp_path) as alone:
        failure, done = alone.run(todo)
    assert failure.kind == "failed"
    assert failure.value.startswith("Traceback (most recent call last):")
    assert reason in failure.reason
    assert "Traceback" in (tmp_path / "worker-1.log").read_text()
    assert done.kind == "done"


def test_bad_input_of_a_job_is_raised(pair):
    with pytest.raises(InputError, match=r"^train.tsv, line 3: expected a label"):
        list(pair.run([Job(jobs.refuse, ())]))


def test_a_failed_job_ends_it_all():
    job = Job(jobs.double, (1,))
    usual = [Event("report", job, "so far"), Event("done", job, 2)]
    assert list(or_failure(iter(usual), "doubling")) == usual
    events = or_failure([*usual, Event("failed", job, "Trace\nValueError: no")], "it")
    assert [next(events), next(events)] == usual
    with pytest.raises(RuntimeError, match=r"^it failed: ValueError: no$"):
        next(events)
    died = Event("failed", job, "its worker process died (SIGKILL), 2 times", died=True)
    with pytest.raises(InputError, match=r"^it: a worker died .*SIGKILL.* --workers"):
        list(or_failure([died], "it"))


def test_a_worker_keeps_to_one_thread_and_its_parent_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NPROC", raising=False)
    names = ["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC"]
    with LocalExecutor(1, tmp_path) as alone:
        (event,) = alone.run([Job(jobs.environment, (names,))])
    assert event.value == dict.fromkeys(names, "1")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "NPROC" not in os.environ


def test_a_worker_may_have_all_threads(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    names = ["OMP_NUM_THREADS", "TF_CPP_MIN_LOG_LEVEL"]
    with LocalExecutor(1, tmp_path, one_thread=False) as alone:
        (event,) = alone.run([Job(jobs.environment, (names,))])
    assert event.value == {"OMP_NUM_THREADS": "7", "TF_CPP_MIN_LOG_LEVEL": "3"}


def test_where_nothing_was_printed_nothing_is_left(tmp_path):
    logs = tmp_path / "made" / "logs"
    with LocalExecutor(2, logs) as silent:
        list(silent.run([Job(jobs.double, (1,))]))
        assert logs.is_dir()
    assert not list(tmp_path.iterdir())
    with LocalExecutor(2, logs) as one_of_two:
        list(one_of_two.run([Job(jobs.fail, ())]))
    (log,) = logs.iterdir()
    assert "this is what went wrong" in log.read_text()


def test_workers_end_with_the_executor(tmp_path):
    with LocalExecutor(1, tmp_path) as alone:
        (event,) = alone.run([Job(jobs.process_id, ())])
    assert is_gone(event.value)


def test_workers_die_with_a_killed_parent(tmp_path):
    call = "jobs.sleep_in_workers(Path(sys.argv[1]), 2)"
    code = f"import sys\nfrom pathlib import Path\nfrom tests.suite import jobs\n{call}"
    parent = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT)
    markers = [tmp_path / f"{number}.pid" for number in range(2)]
    try:
        wait_until(lambda: all(m.exists() and m.read_text() for m in markers))
    finally:
        parent.kill()
        parent.wait()
    workers = [int(marker.read_text()) for marker in markers]
    wait_until(lambda: all(map(is_gone, workers)))
