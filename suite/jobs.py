"""What executors run, what they tell of it, and what they have in common.

`suite/local_executor.py` runs jobs in processes of this machine,
`suite/ray_executor.py` on a Ray cluster; `suite/executors.py` chooses.
"""

import errno
import os
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from reference.errors import InputError

# How often a job is begun whose worker dies.
TRIES = 2
# And one whose machine is lost with it.
LOSSES = 5
# A worker never gives back the memory of its compiled programs; one that has grown
# beyond this is replaced before it compiles for another kind of job. A stack of four
# BERT-Tiny takes some 1.5 GB.
MEMORY_LIMIT = 2e9
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
# What an accelerator's allocator says, in errors of no type of their own: JAX and XLA,
# and CUDA.
_SHORT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "CUDA_ERROR_OUT_OF_MEMORY")


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
    """What a job said ("report"), gave ("done") or died of ("failed": the reason).

    A job ends with one event that is "done" or "failed", and with no other.
    """

    kind: str
    job: Job
    value: object
    died: bool = False  # failed because its worker died, and not of what it did
    # Failed for want of memory, as it seems: less of it at a time may do.
    short_of_memory: bool = False

    @property
    def reason(self) -> str:
        """Of a failure: the last line of its traceback, which says what it was."""
        return str(self.value).strip().splitlines()[-1]


class Executor(Protocol):
    """What runs jobs; used as a context manager, and `run` as often as wished."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events until every job is done or failed; raise a job's InputError.

        Jobs may be given in any order; which worker ran one changes nothing.
        """


@dataclass(frozen=True)
class Resources:
    """What a worker of a cluster takes for itself; half a GPU is two workers on it."""

    cpus: float = 1.0
    gpus: float = 0.0
    tpus: float = 0.0

    def __post_init__(self) -> None:
        amounts = (self.cpus, self.gpus, self.tpus)
        if min(amounts) < 0 or not any(amounts):
            raise InputError(
                "resources of a worker: expected CPUs, GPUs or TPUs, none below 0, "
                f"found {self.cpus:g} CPUs, {self.gpus:g} GPUs, {self.tpus:g} TPUs"
            )
        if self.gpus > 1 and self.gpus % 1:
            raise InputError(
                "resources of a worker: expected a part of one GPU or whole ones, "
                f"found {self.gpus:g}"
            )


def or_failure(events: Iterator[Event], what: str) -> Iterator[Event]:
    """Events as they come; a job of `what` that failed ends it all.

    InputError for want of memory, of which a worker mostly dies, since that is for the
    user to mend.
    """
    for event in events:
        if event.died or event.short_of_memory:
            died = f"a worker died ({event.reason}), which is mostly"
            raise InputError(
                f"{what}: {died if event.died else 'ended'} for want of memory; take "
                "fewer --workers, or smaller files, batches or models. What was "
                "finished is kept"
            )
        if event.kind == "failed":
            raise RuntimeError(f"{what} failed: {event.reason}")
        yield event


# For the executors


class JobQueue:
    """The jobs that no worker has, the dearest first, and how often each was begun."""

    def __init__(self, jobs: Sequence[Job]):
        self._waiting = sorted(jobs, key=lambda job: -job.cost)
        self._deaths: Counter[Job] = Counter()
        self._losses: Counter[Job] = Counter()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self, own: set[Hashable], elsewhere: set[Hashable]) -> Job:
        """A job the worker has programs for, else one that no other worker has.

        The affinities of the jobs that it and the other workers had before.
        """
        known = [job for job in self._waiting if job.affinity in own]
        fresh = [job for job in self._waiting if job.affinity not in elsewhere]
        job = (known or fresh or self._waiting)[0]
        self._waiting.remove(job)
        return job

    def put_back(self, job: Job) -> None:
        """Run a job again that was lost through no fault of its own."""
        self._waiting.insert(0, job)

    def after_death(self, job: Job, reason: str, killed: bool) -> Iterator[Event]:
        """A worker died of or with a job: the job runs again, or has failed.

        `killed`: the system did it, which it does when memory is short.
        """
        self._deaths[job] += 1
        if self._deaths[job] < TRIES:
            self.put_back(job)
        else:
            yield Event("failed", job, f"{reason}, {TRIES} times", True, killed)

    def after_loss(self, job: Job, reason: str) -> Iterator[Event]:
        """A worker was lost with its machine, for which a job is hardly to blame."""
        self._losses[job] += 1
        if self._losses[job] < LOSSES:
            self.put_back(job)
        else:
            yield Event("failed", job, f"{reason}, {LOSSES} times", died=True)


@contextmanager
def variables_set(wanted: dict[str, str]) -> Iterator[None]:
    """Have variables in the environment, which what is started within inherits."""
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


def perform(function: Callable, arguments: tuple, say: Callable) -> None:
    """Do a job in a worker, and say what came of it: pairs of a kind and a value."""
    try:
        value = function(*arguments, lambda said: say(("report", said)))
        say(("done", value))
    except InputError as error:
        say(("input error", str(error)))
    except Exception as error:
        kind = "short of memory" if is_short_of_memory(error) else "failed"
        traceback.print_exc()  # to the log
        say((kind, traceback.format_exc()))


def event_of(job: Job, kind: str, value: object) -> Event:
    """What `perform` said, as an event; raises a job's InputError."""
    if kind == "input error":
        raise InputError(value)
    if kind == "short of memory":
        return Event("failed", job, value, short_of_memory=True)
    return Event(kind, job, value)


def is_short_of_memory(error: BaseException | None) -> bool:
    """Whether an exception, or what it came of, is for want of memory."""
    while error is not None:
        if (
            isinstance(error, MemoryError)
            or getattr(error, "errno", None) == errno.ENOMEM
            or type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's
            or any(word in str(error) for word in _SHORT_OF_MEMORY)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
