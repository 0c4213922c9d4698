"""The queue that executors share, and what counts as a want of memory."""

import keras
import numpy as np
import pytest

from reference.errors import InputError
from suite.jobs import (
    TRIES,
    Event,
    Job,
    JobQueue,
    Resources,
    event_of,
    is_short_of_memory,
    or_failure,
    perform,
)
from tests.suite import jobs


def allocate_in_numpy():
    np.empty(2**55)


def allocate_in_keras():
    keras.ops.zeros(2**50)


def allocate_in_another_place():
    try:
        allocate_in_numpy()
    except MemoryError as error:
        raise RuntimeError("the batch could not be made") from error


@pytest.mark.parametrize(
    "allocate",
    [
        allocate_in_numpy,
        allocate_in_another_place,
        pytest.param(allocate_in_keras, marks=pytest.mark.backend),
    ],
)
def test_what_the_libraries_raise_is_known_for_a_want_of_memory(allocate, capfd):
    """A PiB is asked of each, which none has."""
    said = []
    perform(lambda report: allocate(), (), said.append)
    ((kind, value),) = said
    job = Job(allocate, ())
    event = event_of(job, kind, value)
    assert event == Event("failed", job, value, short_of_memory=True)
    assert value.startswith("Traceback")


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), OSError(2, "No such file"), RuntimeError("INTERNAL: of memory")],
)
def test_other_failures_are_not_for_want_of_memory(error):
    assert not is_short_of_memory(error)


def test_a_failed_allocation_of_the_system_is_a_want_of_memory():
    assert is_short_of_memory(OSError(12, "Cannot allocate memory"))


def test_a_queue_gives_the_dearest_of_a_kind_the_worker_knows():
    todo = [
        Job(jobs.double, (), kind, cost)
        for kind, cost in zip("abcab", range(5), strict=True)
    ]
    queue = JobQueue(todo)
    taken = [queue.take({"a"}, {"b"}), queue.take({"a"}, {"b"})]
    taken += [queue.take({"a"}, {"b"}), queue.take({"a"}, {"b"})]
    taken.append(queue.take(set(), {"b"}))  # rather than none
    assert [(job.affinity, job.cost) for job in taken] == [
        ("a", 3),
        ("a", 0),
        ("c", 2),
        ("b", 4),
        ("b", 1),
    ]
    assert not queue


def test_a_job_whose_worker_dies_fails_after_its_tries_and_one_that_is_lost_does_not():
    job = Job(jobs.double, (1,))
    queue = JobQueue([job])
    for _ in range(10):
        queue.put_back(queue.take(set(), set()))
    for _ in range(TRIES - 1):
        queue.take(set(), set())
        assert list(queue.after_death(job, "its worker died", killed=True)) == []
        assert queue
    queue.take(set(), set())
    (event,) = queue.after_death(job, "its worker died", killed=True)
    assert event.reason == "its worker died, 2 times"
    assert event.died
    assert event.short_of_memory
    assert not queue


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
    short = Event("failed", job, "ResourceExhaustedError", short_of_memory=True)
    with pytest.raises(InputError, match=r"^it: ended for want of memory; take fewer"):
        list(or_failure([short], "it"))


@pytest.mark.parametrize("amounts", [(0, 0, 0), (1, -1, 0)])
def test_resources_are_some_and_not_below_zero(amounts):
    with pytest.raises(InputError, match=r"^resources of a worker: expected CPUs"):
        Resources(*amounts)
    assert Resources(gpus=0.5).cpus == 1.0
