"""How many trials one program trains together: what is fastest on the device at hand.

On a processor there is a worker of one thread for each core, and a stack of four makes
up for the fixed cost of a step. An accelerator is left idle by models this small, so
there it is measured: twice as many trials for as long as each of them gets cheaper.
"""

import functools
from collections.abc import Callable

from suite.jobs import Executor, Job, or_failure
from suite.plan import Entry, Grid, grid_trials
from suite.trials import Stack, device_kind, seconds_per_step

ON_A_CPU = 4
# Twice the trials must make each cheaper by this share.
WORTH_IT = 0.1

# Entry, batch size and number of trials there are -> trials in a stack, at most.
StackSize = Callable[[Entry, int, int], int]


def on_a_cpu(entry: Entry, batch_size: int, trials: int) -> int:
    return ON_A_CPU


def fastest(seconds: Callable[[int], float | None], most: int) -> int:
    """The number of trials, 1, 2, 4, … or `most`, whose step is cheapest for each.

    `seconds` measures a step of a stack of so many, None where memory does not suffice.
    It is asked for more only while that pays, by a tenth of the time of a trial.
    """
    best, least = 1, seconds(1)
    while least is not None and best < most:
        larger = min(2 * best, most)
        found = seconds(larger)
        if found is None or found / larger > (1 - WORTH_IT) * least:
            break
        best, least = larger, found / larger
    return best


def measured(executor: Executor, grid: Grid) -> StackSize:
    """Sizes as measured in a worker, once for each model and batch size.

    On a processor nothing is measured. The task measured on is the first asked about;
    where another's examples are longer and memory is short, a stack is halved.
    """

    kind = functools.cache(lambda: kind_of_device(executor))
    known: dict[tuple[str, int], int] = {}

    def size(entry: Entry, batch_size: int, trials: int) -> int:
        if kind() == "cpu":
            return ON_A_CPU
        key = entry.model, batch_size
        if key not in known:
            own = [t for t in grid_trials(entry, grid) if t.batch_size == batch_size]
            known[key] = fastest(
                lambda count: _seconds(executor, _stack(entry, own[:count])), len(own)
            )
        return known[key]

    return size


def kind_of_device(executor: Executor) -> str:
    """ "cpu", "gpu" or "tpu", as a worker finds it."""
    job = Job(device_kind, ())
    (found,) = or_failure(executor.run([job]), "asking for the device")
    return found.value


def _stack(entry: Entry, trials: list) -> Stack:
    return Stack(entry.sources, entry.task.name, tuple(trials))


def _seconds(executor: Executor, stack: Stack) -> float | None:
    """Of a step, None where memory is short: some devices end the process then."""
    (event,) = executor.run([Job(seconds_per_step, (stack,))])
    if event.short_of_memory or event.died:
        return None
    if event.kind == "failed":
        raise RuntimeError(f"measuring a step failed: {event.reason}")
    return event.value
