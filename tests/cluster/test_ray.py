"""Jobs and a sweep on a Ray cluster of two nodes on this machine, which may be lost.

Run where Ray is installed (`tox -e cluster`), skipped elsewhere. What executors have in
common is tests/suite/test_jobs.py.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest

from reference.errors import InputError
from suite import ray_cluster
from suite.executors import open_executor
from suite.jobs import Job, Resources
from suite.ray_cluster import SILENT
from tests.suite import jobs

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("ray", reason="Ray is not installed: tox -e cluster")
# The nodes, too, send no statistics.
os.environ.update(SILENT)


@pytest.fixture(scope="module")
def cluster():
    """A head that has room for one worker, and a node for another."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 2**27}
    cluster = Cluster(True, head_node_args=small | {"include_dashboard": False})
    cluster.second = cluster.add_node(**small)
    cluster.again = lambda: cluster.add_node(**small)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def executor(cluster, tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    with open_executor(1, logs, cluster.address, Resources()) as started:
        started.logs = logs
        yield started


def test_every_job_is_done_once_and_says_so_as_it_goes(executor):
    for _ in range(2):
        todo = [Job(jobs.count_to, (2,)) for _ in range(10)]
        said = {job: [] for job in todo}
        for event in executor.run(todo):
            said[event.job].append((event.kind, event.value))
        for words in said.values():
            assert words == [("report", 0), ("report", 1), ("done", "over")]
    assert list(executor.run([])) == []


def test_workers_stay_with_what_they_have_compiled(executor):
    todo = [Job(jobs.short_work, (kind,), affinity=kind) for kind in "ab" * 10]
    kinds_of: dict[int, set[str]] = {}
    for event in executor.run(todo):
        kind, worker = event.value
        kinds_of.setdefault(worker, set()).add(kind)
    assert 1 <= len(kinds_of) <= 2
    again = [event.value for event in executor.run([Job(jobs.process_id, ())])]
    assert set(again) <= set(kinds_of)


def test_a_worker_has_one_thread_this_backend_and_no_statistics(executor):
    wanted = {"OMP_NUM_THREADS": "1", "NPROC": "1", "TF_NUM_INTRAOP_THREADS": "1"}
    wanted |= {"KERAS_BACKEND": os.environ.get("KERAS_BACKEND")} | SILENT
    (event,) = executor.run([Job(jobs.environment, (list(wanted),))])
    assert event.value == wanted


def test_an_exception_is_a_failure_with_its_traceback(executor):
    failure, done = executor.run([Job(jobs.fail, (), cost=1), Job(jobs.double, (1,))])
    if failure.kind == "done":
        failure, done = done, failure
    assert (failure.kind, done.value) == ("failed", 2)
    assert failure.reason == "KeyError: 'this is what went wrong'"
    assert (failure.died, failure.short_of_memory) == (False, False)
    assert failure.value in (executor.logs / "failed-on-ray.log").read_text()


def test_bad_input_of_a_job_is_raised(executor):
    with pytest.raises(InputError, match=r"^train.tsv, line 3: expected a label"):
        list(executor.run([Job(jobs.refuse, ())]))


def test_want_of_memory_is_not_tried_again(executor, tmp_path):
    (failure,) = executor.run([Job(jobs.want_memory, (tmp_path / "attempts",))])
    assert (failure.short_of_memory, failure.died) == (True, False)
    assert failure.reason == "MemoryError: a TiB too much"
    assert (tmp_path / "attempts").read_text() == "x"


@pytest.mark.parametrize("function", [jobs.die, jobs.leave_a_mark_and_exit])
def test_a_dead_worker_costs_its_job_one_retry(executor, tmp_path, function):
    fatal = Job(function, (tmp_path / "attempts",))
    harmless = [Job(jobs.double, (number,)) for number in range(4)]
    events = list(executor.run([*harmless, fatal]))
    (failure,) = (event for event in events if event.kind == "failed")
    assert failure.job is fatal
    assert failure.reason == "its worker process died on the cluster, 2 times"
    assert (failure.died, failure.short_of_memory) == (True, True)
    assert (tmp_path / "attempts").read_text() == "xx"
    assert sorted(e.value for e in events if e.kind == "done") == [0, 2, 4, 6]


def at_work_on(node, executor) -> list[Job]:
    return [w.job for w in executor._workers if w.job and w.node == node.node_id]


def test_what_a_lost_node_was_at_is_done_elsewhere(executor, cluster, tmp_path):
    """And a node that comes in its stead gets work."""
    wait_for_the_second(executor, cluster)
    todo = [Job(jobs.begin_and_work, (tmp_path / str(n), 1.0)) for n in range(8)]
    done, lost = Counter(), []
    for event in executor.run(todo):
        done[event.job] += event.kind == "done"
        assert event.kind != "failed"
        if not lost and at_work_on(cluster.second, executor):
            lost = at_work_on(cluster.second, executor)
            wait_until((lost[0].arguments[0]).exists)
            cluster.remove_node(cluster.second, allow_graceful=False)
    assert done == Counter(todo)
    begun = {job: (job.arguments[0]).read_text() for job in todo}
    assert begun == {job: "xx" if job in lost else "x" for job in todo}
    cluster.second = cluster.again()
    wait_for_the_second(executor, cluster)


def wait_for_the_second(executor, cluster) -> None:
    """Until the second node, which may be new, is given work."""
    todo = [Job(jobs.short_work, (0,)) for _ in range(10)]
    wait_until(
        lambda: any([at_work_on(cluster.second, executor) for _ in executor.run(todo)])
    )


def wait_until(holds, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_sweep_that_loses_a_node_has_the_records_of_the_local_executor(
    executor, cluster, tmp_path
):
    """Scores, losses and predictions bit for bit, none lost and none twice."""
    from suite.records import RunDirectory
    from tests.suite.miniature import Miniature

    made = Miniature(tmp_path / "miniature").write()
    here, there = (RunDirectory(tmp_path / name) for name in ("here", "there"))
    with open_executor(1, tmp_path / "logs") as local:
        list(made.sweep(here, stack=1).run(local))
    wait_for_the_second(executor, cluster)
    lost: list[Job] = []
    losing = threading.Thread(target=lose_at_work, args=(executor, cluster, lost))
    losing.start()
    list(made.sweep(there, stack=1).run(executor))
    losing.join()
    cluster.second = cluster.again()
    assert len(lost) == 1
    found = {record.trial.id: record for record in there.records()}
    assert len((there.path / "trials.jsonl").read_text().splitlines()) == 8
    assert {r.trial.id for r in here.records()} == found.keys()
    for record in here.records():
        same = found[record.trial.id]
        assert (record.status, same.status) == ("finished", "finished")
        assert (same.scores, same.losses) == (record.scores, record.losses)
        predictions = there.predictions(record.trial.id)
        for split, array in here.predictions(record.trial.id).items():
            np.testing.assert_array_equal(predictions[split], array)


def lose_at_work(executor, cluster, lost: list[Job]) -> None:
    """Lose the second node while it has a job, and say which."""
    wait_until(lambda: at_work_on(cluster.second, executor))
    lost += at_work_on(cluster.second, executor)
    cluster.remove_node(cluster.second, allow_graceful=False)


# By itself


def test_a_ray_on_this_machine_ends_with_its_executor(tmp_path):
    """In a program of its own: a process knows one cluster at a time."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from suite.executors import open_executor\n"
        "from suite.jobs import Job\n"
        "from tests.suite import jobs\n"
        "with open_executor(2, Path(sys.argv[1]) / 'logs', 'local') as two:\n"
        "    todo = [Job(jobs.double, (n,)) for n in range(9)]\n"
        "    print(sorted(event.value for event in two.run(todo)))\n"
    )
    home = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        cwd=ROOT,
        env=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[0, 2, 4, 6, 8, 10, 12, 14, 16]\n"
    assert not (tmp_path / "logs").exists()
    assert not list(tmp_path.iterdir())  # nor anything at home


def test_an_interrupt_ends_a_ray_on_this_machine(tmp_path):
    code = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from suite.executors import open_executor\n"
        "from suite.jobs import Job\n"
        "from tests.suite import jobs\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with open_executor(1, Path(sys.argv[1]) / 'logs', 'local') as one:\n"
        "    list(one.run([Job(jobs.sleep, (Path(sys.argv[1]) / 'marker',))]))\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: (tmp_path / "marker").exists() and marker(tmp_path))
        began = psutil.Process(program.pid).children(recursive=True)
        assert marker(tmp_path) in {process.pid for process in began}
        os.killpg(program.pid, signal.SIGINT)
        _, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert err.strip().splitlines()[-1] == "KeyboardInterrupt"
    _, alive = psutil.wait_procs(began, timeout=20)
    assert alive == []


def marker(directory: Path) -> int:
    return int((directory / "marker").read_text() or 0)


# No cluster


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:1", r"found no answer \(.*refused\); start one with: ray start"),
        ("nowhere.invalid:6379", r"found no answer \("),
        ("ray://127.0.0.1:10001", r"^--ray: expected HOST:PORT, auto or local, found"),
        ("cluster", r"^--ray: expected HOST:PORT, auto or local, found 'cluster'"),
    ],
)
def test_an_address_without_an_answer_is_refused_in_one_line(tmp_path, address, found):
    with pytest.raises(InputError, match=found) as refusal:
        open_executor(1, tmp_path, address)
    assert "\n" not in str(refusal.value)


def test_what_answers_but_is_no_ray_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster, "ANSWER", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(InputError, match=r"does not answer as one within 3 s"):
            open_executor(1, tmp_path, address)
    assert time.monotonic() - began < 30


def test_a_run_that_was_left_is_given_up(executor, tmp_path):
    for _ in executor.run([Job(jobs.begin_and_work, (tmp_path / "endless", 600.0))]):
        break
    assert [event.value for event in executor.run([Job(jobs.double, (3,))])] == [6]


# What cannot be; the workers of before are gone


@pytest.fixture
def bare(executor):
    """The executor as it was when it had no workers."""
    for worker in list(executor._workers):
        executor._dismiss(worker)
    executor._looked = None
    return executor


def test_resources_that_no_node_has_are_refused(bare, monkeypatch):
    monkeypatch.setattr(bare, "_resources", Resources(cpus=1, gpus=2))
    found = (
        r"^--ray: expected a node with 1 CPU, 2 GPU .* found nodes with 1 CPU; 1 CPU"
    )
    with pytest.raises(InputError, match=found):
        list(bare.run([Job(jobs.double, (1,))]))


def test_a_node_without_the_directory_is_told_of(bare, monkeypatch):
    monkeypatch.setattr(Path, "cwd", lambda: Path("/nowhere/at/all"))
    found = r"^--ray: workers do not start; .* the same paths .* FileNotFoundError: "
    with pytest.raises(InputError, match=found) as refusal:
        list(bare.run([Job(jobs.double, (1,))]))
    assert "\n" not in str(refusal.value)
