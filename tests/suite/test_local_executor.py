"""The executor with trivial jobs: what it runs, in which worker, and who dies of what.

No job here computes anything, so that a worker starts in half a second.
"""

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reference.errors import InputError
from suite import local_executor
from suite.jobs import Job
from suite.local_executor import LocalExecutor
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
    monkeypatch.setattr(local_executor, "MEMORY_LIMIT", 0)
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
    assert failure.died
    assert failure.short_of_memory  # what else kills
    assert attempts.read_text() == "xx"
    done = sorted(event.value for event in events if event.kind == "done")
    assert done == list(range(0, 16, 2))


@pytest.mark.parametrize(
    ("code", "short_of_memory"), [(0, False), (3, False), (137, True)]
)
def test_a_job_may_end_its_worker(tmp_path, code, short_of_memory):
    """137 is what a shell says of a process that was killed."""
    with LocalExecutor(1, tmp_path) as alone:
        failure, done = alone.run([Job(jobs.leave, (code,)), Job(jobs.double, (1,))])
    assert failure.reason == f"its worker process died (exit code {code}), 2 times"
    assert (failure.died, failure.short_of_memory) == (True, short_of_memory)
    assert done.value == 2


def test_a_worker_may_die_in_the_middle_of_a_word(tmp_path):
    todo = [Job(jobs.die_while_speaking, (tmp_path / "attempts",))]
    with LocalExecutor(1, tmp_path) as alone:
        (event,) = alone.run(todo)
    assert (event.kind, event.value) == ("done", "second try")


def test_want_of_memory_is_not_tried_again_in_a_worker_that_is_full(tmp_path):
    attempts = tmp_path / "attempts"
    hungry = Job(jobs.want_memory, (attempts,), cost=1)
    ids = [Job(jobs.process_id, (), cost=cost) for cost in (2, 0)]
    with LocalExecutor(1, tmp_path) as alone:
        before, failure, after = alone.run([hungry, *ids])
    assert failure.job is hungry
    assert (failure.short_of_memory, failure.died) == (True, False)
    assert failure.reason == "MemoryError: a TiB too much"
    assert attempts.read_text() == "x"
    assert before.value != after.value


@pytest.mark.parametrize("seed", range(3))
def test_workers_killed_at_random_lose_nothing_and_do_nothing_twice(tmp_path, seed):
    """A worker is killed at every second event, whatever it is at."""
    rng = random.Random(seed)
    todo = [Job(jobs.short_work, (number,)) for number in range(40)]
    ended = Counter()
    with LocalExecutor(3, tmp_path) as trio:
        while todo:
            again = []
            for number, event in enumerate(trio.run(todo)):
                if event.kind == "failed":
                    assert event.died
                    again.append(event.job)
                else:
                    assert event.value[0] == event.job.arguments[0]
                    ended[event.value[0]] += 1
                if number % 2 and sum(ended.values()) < 40:
                    time.sleep(rng.uniform(0, 0.03))
                    kill_one(rng)
            assert len(again) < len(todo)
            todo = again
    assert ended == Counter(range(40))


def kill_one(rng: random.Random) -> None:
    workers = multiprocessing.active_children()
    os.kill(rng.choice(workers).pid, signal.SIGKILL)


def test_a_run_that_was_left_is_given_up(pair, tmp_path):
    marker = tmp_path / "endless.pid"
    endless = Job(jobs.sleep, (marker,))
    for _ in pair.run([Job(jobs.double, (1,), cost=1), endless]):
        wait_until(lambda: marker.exists() and marker.read_text())
        break
    assert [event.value for event in pair.run([Job(jobs.double, (3,))])] == [6]
    assert is_gone(int(marker.read_text()))


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


# A runner in the background ignores the interrupt, and so would its children.
WRITE_IN_WORKERS = """
import signal, sys
from pathlib import Path
from tests.suite import jobs
signal.signal(signal.SIGINT, signal.default_int_handler)
jobs.write_in_workers(Path(sys.argv[1]), 2)
"""


@pytest.fixture
def parent(tmp_path):
    """A program whose two workers are in the middle of writing a file each."""
    started = subprocess.Popen(
        [sys.executable, "-c", WRITE_IN_WORKERS, tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    markers = [tmp_path / f"{number}.pid" for number in range(2)]
    try:
        wait_until(lambda: all(m.exists() and m.read_text() for m in markers))
        started.workers = [int(marker.read_text()) for marker in markers]
        yield started
    finally:
        started.kill()
        started.communicate()


def test_workers_die_with_a_killed_parent(parent):
    parent.kill()
    parent.wait()
    wait_until(lambda: all(map(is_gone, parent.workers)))


@pytest.mark.parametrize("times", [1, 3])
def test_an_interrupt_ends_the_workers_and_leaves_no_half_file(parent, tmp_path, times):
    """From a terminal it goes to all processes at once, and may come again."""
    for _ in range(times):
        os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=60)
    assert all(map(is_gone, parent.workers))
    assert out == "a finished job\n"
    assert parent.returncode == -signal.SIGINT
    assert err.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert "Process Spawn" not in err  # the workers have nothing to say of it
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.glob("*.bin"))
    assert not (tmp_path / "logs").exists()
