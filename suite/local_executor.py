"""Run jobs in worker processes of this machine, one thread each unless told otherwise.

A worker stays alive from job to job, so that what it compiled for one is there for the
next; jobs of equal `affinity` therefore go to the same worker where they can. A worker
that dies costs its job one retry and nothing else. Ctrl-C is for the parent alone, who
ends the workers. What a job does is not known here.
"""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path

import psutil

from suite.jobs import (
    MEMORY_LIMIT,
    ONE_THREAD,
    QUIET,
    Event,
    Job,
    JobQueue,
    event_of,
    perform,
    variables_set,
)

# Seconds for a worker to end when told to: it does so between two operations of Python,
# and under JAX on several hosts takes it for a warning only.
PATIENCE = 3.0
# What the system does to a process when memory is short; the second is a shell's word.
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


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
        try:
            _end([worker.process for worker in self._workers])
        finally:
            with _interrupts_ignored():
                self._remove_empty_logs()

    def _remove_empty_logs(self) -> None:
        for log in self._logs.glob("worker-*.log"):
            if not log.stat().st_size:
                log.unlink()
        for directory in self._made:
            with suppress(OSError):  # there is something in it
                directory.rmdir()

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """As `Executor.run`; a run that was left before its end is given up."""
        for worker in self._workers:
            if worker.job:
                self._replace(worker)
        queue = JobQueue(jobs)
        while queue or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if queue and worker.job is None:
                    self._send(worker, queue.take(*self._affinities(worker)))
            busy = [worker for worker in self._workers if worker.job]
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield from self._receive(worker, queue)

    def _affinities(self, worker: _Worker) -> tuple[set, set]:
        """Of what the worker has had, and of what the others have."""
        others = (other for other in self._workers if other is not worker)
        return worker.affinities, set().union(*(o.affinities for o in others))

    def _send(self, worker: _Worker, job: Job) -> None:
        has_grown = _memory(worker.process) > MEMORY_LIMIT
        if has_grown and job.affinity not in worker.affinities:
            self._replace(worker)
        worker.job = job
        worker.affinities.add(job.affinity)
        # That a worker died while it had nothing to do shows when it is listened to.
        with suppress(ConnectionError):
            worker.connection.send((job.function, job.arguments))

    def _receive(self, worker: _Worker, queue: JobQueue) -> Iterator[Event]:
        job = worker.job
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):  # the latter in the middle of a word
            worker.process.join()
            code = worker.process.exitcode
            self._replace(worker)
            cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            reason = f"its worker process died ({cause})"
            yield from queue.after_death(job, reason, killed=code in KILLED)
            return
        event = event_of(job, kind, value)
        if event.short_of_memory:
            self._replace(worker)  # what it has compiled would be in the way
        elif event.kind != "report":
            worker.job = None
        yield event

    def _replace(self, worker: _Worker) -> None:
        """Start a worker anew, without its job."""
        _end([worker.process])
        worker.connection.close()
        fresh = self._start()
        worker.process, worker.connection = fresh.process, fresh.connection
        worker.job, worker.affinities = None, set()

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        log = str(self._logs / f"worker-{next(self._log_numbers)}.log")
        process = self._context.Process(target=_work, args=(there, log), daemon=True)
        with variables_set(self._variables | QUIET), _interrupts_held():
            process.start()
        there.close()
        return _Worker(process, here)


def _end(processes: Sequence[multiprocessing.Process]) -> None:
    """Tell processes to end, and after a while, or a second Ctrl-C, make them."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + PATIENCE
    try:
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
    finally:
        with _interrupts_ignored():
            for process in processes:
                process.kill()
                process.join()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """For the little that must be done to the end, however often Ctrl-C is pressed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts are the main thread's
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection: Connection, log: str) -> None:
    """A worker's life: take a job, do it, say what came of it."""
    # As an exception, so that a file that is half written is removed on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _print_to(log)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        perform(function, arguments, connection.send)


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
def _interrupts_held() -> Iterator[None]:
    """What is started within never hears of Ctrl-C; this process does afterwards."""
    resource_tracker.ensure_running()  # the first worker would, and let them through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
