"""Jobs for the tests of the executor: importable by its workers, and trivial."""

import os
import signal
import time
from pathlib import Path

from reference.errors import InputError
from suite.executor import Job, LocalExecutor


def double(value: int, report) -> int:
    return 2 * value


def process_id(report) -> int:
    return os.getpid()


def short_work(affinity: str, report) -> tuple[str, int]:
    time.sleep(0.02)
    return affinity, os.getpid()


def count_to(number: int, report) -> str:
    for value in range(number):
        report(value)
    return "over"


def environment(names: list[str], report) -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in names}


def fail(report) -> None:
    raise KeyError("this is what went wrong")


def refuse(report) -> None:
    raise InputError("train.tsv, line 3: expected a label, found 'x'")


def unpicklable(report):
    return lambda: None


def die(attempts: Path, report) -> None:
    """Leave a mark and be killed, as by a kernel that is out of memory."""
    with open(attempts, "a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_first(attempts: Path, report) -> str:
    if not attempts.exists():
        die(attempts, report)
    return "second try"


def sleep(marker: Path, report) -> None:
    marker.write_text(str(os.getpid()))
    time.sleep(600)


def sleep_in_workers(directory: Path, workers: int) -> None:
    """A whole executor whose jobs never end; each leaves its process id."""
    jobs = [Job(sleep, (directory / f"{n}.pid",)) for n in range(workers)]
    with LocalExecutor(workers, directory / "logs") as executor:
        list(executor.run(jobs))
