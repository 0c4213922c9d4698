"""Run jobs on a Ray cluster, with the interface and the results of the local executor.

Workers are Ray actors: each keeps its process from job to job, and with it what it has
compiled. There are as many as the cluster's nodes have room for; nodes may come and go.
A worker that dies costs its job one retry, as it does locally; a node that is lost is
not the fault of its jobs, which run again elsewhere.

The checkout and the data must lie at the same paths on each node, with the same
environment of Python. How a cluster is reached is suite/ray_cluster.py.
"""

import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from reference.errors import InputError
from suite.jobs import MEMORY_LIMIT, Event, Job, JobQueue, Resources, event_of, perform
from suite.ray_cluster import connected, last_line, no_room, room, worker_options

# Seconds between two looks for nodes that have come.
POLL = 2.0
# Seconds for a node to be known as lost, and for another to come when the last is.
LOSS, RETURN = 90.0, 300.0
# How many workers in a row may die before they have begun.
STILLBORN = 5


@dataclass
class _Worker:
    """An actor on a node, which may not have started yet."""

    actor: object
    node: str
    started: object  # ObjectRef that is there when it has
    has_started: bool = False
    job: Job | None = None
    words: object = None  # ObjectRefGenerator of what the job says
    affinities: set = field(default_factory=set)
    memory: int = 0


class RayExecutor:
    """The workers that fit into a cluster; use as a context manager.

    `address` is "HOST:PORT" of a cluster that this machine is a node of, "auto" for the
    one it is a node of, or "local" for one of `cores` on this machine alone, which ends
    with the executor. Tracebacks of failed jobs go to a file in `logs`; what else
    workers print, Ray keeps on their nodes. InputError if there is no Ray or no answer.
    """

    def __init__(self, address: str, cores: int, logs: Path, resources: Resources):
        self._ray = connected(address, cores)
        self._logs = Path(logs)
        self._resources = resources
        self._workers: list[_Worker] = []
        self._looked: float | None = None
        self._stillborn = 0

    def __enter__(self) -> "RayExecutor":
        return self

    def __exit__(self, *_) -> None:
        self._ray.shutdown()  # which ends the workers

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """As `Executor.run`; a run that was left before its end is given up."""
        for worker in [worker for worker in self._workers if worker.job]:
            self._dismiss(worker)
        waiting = JobQueue(jobs)
        while waiting or any(worker.job for worker in self._workers):
            self._recruit()
            for worker in list(self._workers):
                if waiting and worker.has_started and worker.job is None:
                    self._send(worker, waiting)
            for worker in self._ready():
                for event in self._hear(worker, waiting):
                    self._log(event)
                    yield event

    def _ready(self) -> list[_Worker]:
        """A worker that has started or said something, if one does for a while."""
        of = {w.words if w.job else w.started: w for w in self._workers if _awaited(w)}
        if not of:
            time.sleep(POLL)
            return []
        ready, _ = self._ray.wait(list(of), num_returns=1, timeout=POLL)
        return [of[one] for one in ready]

    def _send(self, worker: _Worker, waiting: JobQueue) -> None:
        others = (other for other in self._workers if other is not worker)
        elsewhere = set().union(*(other.affinities for other in others))
        job = waiting.take(worker.affinities, elsewhere)
        # With an accelerator a process is larger than that from the beginning.
        on_cpus = not (self._resources.gpus or self._resources.tpus)
        has_grown = on_cpus and worker.memory > MEMORY_LIMIT
        if has_grown and job.affinity not in worker.affinities:
            waiting.put_back(job)
            self._dismiss(worker)
            return
        worker.job = job
        worker.affinities.add(job.affinity)
        call = worker.actor.run.options(num_returns="streaming")
        worker.words = call.remote(job.function, job.arguments)

    def _hear(self, worker: _Worker, waiting: JobQueue) -> Iterator[Event]:
        job, errors = worker.job, self._ray.exceptions
        try:
            if job is None:
                self._ray.get(worker.started)
                worker.has_started, self._stillborn = True, 0
                return
            kind, value, worker.memory = self._ray.get(next(worker.words))
        except errors.RayTaskError as error:  # in what Ray does with the job's value
            worker.job = None
            yield Event("failed", job, str(error))
            return
        except errors.RayError as error:
            yield from self._lost(worker, waiting, error)
            return
        event = event_of(job, kind, value)
        if event.short_of_memory:
            self._dismiss(worker)  # what it has compiled would be in the way
        elif event.kind != "report":
            worker.job = None
        yield event

    def _lost(self, worker, waiting, error) -> Iterator[Event]:
        """A worker has died, or cannot be reached."""
        if worker.job is None:
            self._dismiss(worker)
            self._stillborn += self._is_alive(worker.node)
            if self._stillborn == STILLBORN or getattr(error, "actor_init_failed", 0):
                raise InputError(
                    "--ray: workers do not start; expected this checkout, its Python "
                    f"environment and {Path.cwd()} at the same paths on every node: "
                    f"{last_line(error)}"
                )
            return
        job, node_is_lost = worker.job, self._has_lost_node(worker)
        self._dismiss(worker)
        if node_is_lost:
            yield from waiting.after_loss(job, "its node of the cluster was lost")
        else:
            # Ray does not tell the signal; the usual one is the kernel's or Ray's own
            # for want of memory.
            reason = "its worker process died on the cluster"
            yield from waiting.after_death(job, reason, killed=True)

    def _has_lost_node(self, worker: _Worker) -> bool:
        """Whether a worker that is out of reach went with its node, or by itself.

        A worker that neither is dead nor answers counts as on a node that is lost.
        """
        errors = self._ray.exceptions
        deadline = time.monotonic() + LOSS
        while self._is_alive(worker.node) and time.monotonic() < deadline:
            try:
                self._ray.get(worker.actor.answer.remote(), timeout=1)
            except errors.ActorDiedError:
                return not self._is_alive(worker.node)
            except errors.RayError:  # not known yet
                time.sleep(0.2)
        return True

    def _is_alive(self, node: str) -> bool:
        return any(n["NodeID"] == node and n["Alive"] for n in self._ray.nodes())

    def _dismiss(self, worker: _Worker) -> None:
        self._ray.kill(worker.actor)
        self._workers.remove(worker)
        self._looked = -POLL  # there is room for another

    def _recruit(self) -> None:
        """Start as many workers as fit into the cluster as it is now."""
        now, before = time.monotonic(), self._looked
        if before is not None and now - before < POLL:
            return
        deadline = now if before is None else now + RETURN
        while not (places := self._places()).total():
            if time.monotonic() > deadline:
                raise InputError(no_room(self._ray.nodes(), self._resources))
            time.sleep(POLL)
        self._looked = time.monotonic()
        taken = Counter(worker.node for worker in self._workers)
        for node in (places - taken).elements():
            self._workers.append(self._start(node))

    def _places(self) -> Counter[str]:
        """Node -> how many workers fit into it."""
        nodes = self._ray.nodes()
        return Counter({n["NodeID"]: room(n, self._resources) for n in nodes})

    def _start(self, node: str) -> _Worker:
        # On this very node: left to itself, Ray may queue two workers at one.
        options = worker_options(self._resources, node)
        performer = self._ray.remote(_Performer).options(**options)
        actor = performer.remote(str(Path.cwd()))
        return _Worker(actor, node, actor.answer.remote())

    def _log(self, event: Event) -> None:
        if event.kind == "failed":
            self._logs.mkdir(parents=True, exist_ok=True)
            with open(self._logs / "failed-on-ray.log", "a", encoding="utf-8") as file:
                file.write(f"{event.value}\n")


class _Performer:
    """The actor: does jobs in a process of the cluster, one after the other."""

    def __init__(self, directory: str):
        os.chdir(directory)  # what paths are relative to

    def answer(self) -> None:
        """Show that it is there."""

    def run(self, function, arguments) -> Iterator[tuple[str, object, int]]:
        """What `perform` says while the job runs in a thread, and the memory in use."""
        said = queue.SimpleQueue()

        def work():
            try:
                perform(function, arguments, said.put)
            finally:
                said.put(None)

        threading.Thread(target=work, daemon=True).start()
        while word := said.get():
            yield (*word, psutil.Process().memory_info().rss)
            if word[0] != "report":
                return
        os._exit(1)  # as a local worker ends whose job calls for it


def _awaited(worker: _Worker) -> bool:
    return worker.job is not None or not worker.has_started
