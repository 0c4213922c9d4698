"""Jobs for the tests of the executor: importable by its workers, and trivial."""

import inspect
import os
import signal
import struct
import time
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.jobs import Job
from suite.local_executor import LocalExecutor


def double(value: int, report) -> int:
    return 2 * value


def process_id(report) -> int:
    return os.getpid()


def short_work(affinity: str | int, report) -> tuple[str | int, int]:
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


def leave_a_mark_and_exit(attempts: Path, report) -> None:
    """As `die`, by raising what ends a process."""
    with open(attempts, "a") as file:
        file.write("x")
    raise SystemExit(3)


def begin_and_work(attempts: Path, seconds: float, report) -> None:
    with open(attempts, "a") as file:
        file.write("x")
    report("begun")
    time.sleep(seconds)


def die_at_first(attempts: Path, report) -> str:
    if not attempts.exists():
        die(attempts, report)
    return "second try"


def die_while_speaking(attempts: Path, report) -> str:
    """Killed when a part of a message is on its way."""
    if not attempts.exists():
        connection = inspect.getclosurevars(report).nonlocals["say"].__self__
        os.write(connection.fileno(), struct.pack("!i", 1000) + b"not a thousand")
        die(attempts, report)
    return "second try"


def leave(code: int, report) -> None:
    os._exit(code)


def want_memory(attempts: Path, report) -> None:
    with open(attempts, "a") as file:
        file.write("x")
    raise MemoryError("a TiB too much")


def sleep(marker: Path, report) -> None:
    marker.write_text(str(os.getpid()))
    time.sleep(600)


def write_slowly(directory: Path, number: int, report) -> None:
    with written_whole(directory / f"{number}.bin", "wb") as file:
        file.write(b"half of it")
        sleep(directory / f"{number}.pid", report)


def write_in_workers(directory: Path, workers: int) -> None:
    """A whole executor most of whose jobs never end."""
    jobs = [Job(write_slowly, (directory, number)) for number in range(workers)]
    with LocalExecutor(workers, directory / "logs") as executor:
        for _ in executor.run([Job(double, (1,), cost=1), *jobs]):
            print("a finished job", flush=True)
