"""Run jobs in worker processes of this machine, one thread each unless told otherwise.

A worker stays alive from job to job, so that what it compiled for one is there for the
next; jobs of equal `affinity` therefore go to the same worker where they can. A worker
that dies costs its job one retry and nothing else. What a job does is not known here.
"""

import itertools
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import psutil

from reference.errors import InputError

TRIES = 2
# Seconds for a worker to end when told to, which JAX on several hosts takes for a
# warning only.
PATIENCE = 5.0
# A worker never gives back the memory of its compiled programs; one that has grown
# beyond this is replaced before it compiles for another kind of job.
MEMORY_LIMIT = 1.25e9
# One single-threaded process per core is faster than one program over all cores.
ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "NPROC": "1",  # XLA's thread pool under JAX
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True, eq=False)
class Job:
    """A call to be made in a worker: `function(*arguments, report)`.

    `function` must be importable and `arguments` picklable; `report(message)` sends a
    message to the parent while the job runs. Larger `cost` goes first.
    """

    function: Callable
    arguments: tuple
    affinity: Hashable = None
    cost: float = 0.0


@dataclass(frozen=True)
class Event:
    """What a job said ("report"), gave ("done") or died of ("failed": the reason)."""

    kind: str
    job: Job
    value: object
    died: bool = False  # failed because its worker died, and not of what it did

    @property
    def reason(self) -> str:
        """Of a failure: the last line of its traceback, which says what it was."""
        return str(self.value).strip().splitlines()[-1]


@dataclass
class _Worker:
    process: multiprocessing.Process
    connection: Connection
    job: Job | None = None
    affinities: set = field(default_factory=set)


class LocalExecutor:
    """`workers` processes on this machine; use as a context manager.

    What they and their libraries print goes to a file each in `logs`. Where nothing was
    printed nothing is left: a job that is refused leaves no directory behind.
    """

    def __init__(self, workers: int, logs: Path, one_thread: bool = True):
        self._context = multiprocessing.get_context("spawn")
        self._variables = ONE_THREAD if one_thread else {}
        self._logs = Path(logs)
        self._made = [d for d in (self._logs, *self._logs.parents) if not d.exists()]
        self._logs.mkdir(parents=True, exist_ok=True)
        self._log_numbers = itertools.count(1)
        self._workers = [self._start() for _ in range(workers)]

    def __enter__(self) -> "LocalExecutor":
        return self

    def __exit__(self, *_) -> None:
        for worker in self._workers:
            worker.process.terminate()
            worker.process.join(PATIENCE)
            worker.process.kill()
            worker.process.join()
        for log in self._logs.glob("worker-*.log"):
            if not log.stat().st_size:
                log.unlink()
        for directory in self._made:
            with suppress(OSError):  # there is something in it
                directory.rmdir()

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events until every job is done or failed; raise a job's InputError.

        Jobs may be given in any order; which worker ran one changes nothing.
        """
        pending = sorted(jobs, key=lambda job: -job.cost)
        tries: dict[int, int] = {}
        while pending or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if pending and worker.job is None:
                    self._send(worker, self._choose(worker, pending))
            busy = [worker for worker in self._workers if worker.job]
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield from self._receive(worker, pending, tries)

    def _choose(self, worker: _Worker, pending: list[Job]) -> Job:
        """A job the worker has programs for, else one that no other worker has."""
        elsewhere = set().union(
            *(other.affinities for other in self._workers if other is not worker)
        )
        known = [job for job in pending if job.affinity in worker.affinities]
        fresh = [job for job in pending if job.affinity not in elsewhere]
        job = (known or fresh or pending)[0]
        pending.remove(job)
        return job

    def _send(self, worker: _Worker, job: Job) -> None:
        has_grown = _memory(worker.process) > MEMORY_LIMIT
        if has_grown and job.affinity not in worker.affinities:
            worker.process.terminate()
            self._replace(worker)
        worker.job = job
        worker.affinities.add(job.affinity)
        # That a worker died while it had nothing to do shows when it is listened to.
        with suppress(ConnectionError):
            worker.connection.send((job.function, job.arguments))

    def _receive(self, worker, pending, tries) -> Iterator[Event]:
        job = worker.job
        try:
            kind, value = worker.connection.recv()
        except (EOFError, ConnectionError):
            kind, value = "died", self._replace(worker)
            tries[id(job)] = tries.get(id(job), 0) + 1
            if tries[id(job)] < TRIES:
                pending.insert(0, job)
                return
        if kind == "input error":
            raise InputError(value)
        if kind != "report":
            worker.job = None
        died = kind == "died"
        yield Event("failed" if died else kind, job, value, died)

    def _replace(self, worker: _Worker) -> str:
        """Start a dead or dying worker anew; returns what it died of."""
        worker.process.join()
        code = worker.process.exitcode
        worker.connection.close()
        fresh = self._start()
        worker.process, worker.connection = fresh.process, fresh.connection
        worker.job, worker.affinities = None, set()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"its worker process died ({cause}), {TRIES} times"

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        log = str(self._logs / f"worker-{next(self._log_numbers)}.log")
        process = self._context.Process(target=_work, args=(there, log), daemon=True)
        with _environment(self._variables | QUIET):
            process.start()
        there.close()
        return _Worker(process, here)


def or_failure(events: Iterator[Event], what: str) -> Iterator[Event]:
    """Events as they come; a job of `what` that failed ends it all.

    InputError for a worker that died, since that is for the user to mend.
    """
    for event in events:
        if event.died:
            raise InputError(
                f"{what}: a worker died ({event.reason}), which is mostly for want of "
                "memory; take fewer --workers, or smaller files, batches or models. "
                "What was finished is kept"
            )
        if event.kind == "failed":
            raise RuntimeError(f"{what} failed: {event.reason}")
        yield event


def _work(connection: Connection, log: str) -> None:
    """A worker's life: take a job, do it, say what came of it."""
    _print_to(log)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        try:
            value = function(*arguments, lambda said: connection.send(("report", said)))
            connection.send(("done", value))
        except InputError as error:
            connection.send(("input error", str(error)))
        except Exception:
            traceback.print_exc()  # to the log
            connection.send(("failed", traceback.format_exc()))


def _print_to(log: str) -> None:
    """Send whatever is printed, by C++ too, to a file: it would spoil the progress."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _memory(process: multiprocessing.Process) -> int:
    """Bytes a process holds; 0 when it is no more."""
    try:
        return psutil.Process(process.pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _die_with_parent() -> None:
    """A killed parent takes its workers along, in the middle of whatever they do."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """What the libraries of a worker read when they are loaded."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
