"""The documented grid as trials, and which trials one program trains together.

Its lists are in suite/documented_grid.py. A stack is what one program trains: trials of
one batch size, first the learning rates of a seed, which see the same batches, then
further seeds. How many trials make a stack is decided in suite/stack_size.py, and kept
in suite/plan_file.py.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reference.errors import InputError
from reference.learning_rates import check_learning_rate
from suite.documented_grid import BATCH_SIZES, LEARNING_RATES
from suite.records import Trial
from suite.tasks import Task
from suite.trials import Sources, Stack, run_stack


@dataclass(frozen=True)
class Entry:
    """One checkpoint on one task, whose whole grid is to be run by `job`s."""

    sources: Sources
    checkpoint_sha256: str
    model: str
    masking: str | None
    task: Task
    data_sha256: str
    train_rows: int
    job: Callable = run_stack


@dataclass(frozen=True)
class Grid:
    """The lists to be combined, and the seeds that only the selected one is run on.

    `variations` are names of what is done otherwise (of a knob, suite/knobs.py, or of a
    distillation), "" for the recipe as it is.
    """

    batch_sizes: tuple[int, ...] = BATCH_SIZES
    learning_rates: tuple[float, ...] = LEARNING_RATES
    seeds: tuple[int, ...] = (1,)
    epochs: int = 4
    max_seq_length: int = 128
    fresh_seeds: tuple[int, ...] = ()
    variations: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        for rate in self.learning_rates:
            check_learning_rate(rate)

    def with_seeds(self, in_all: int, of_grid: int = 1) -> "Grid":
        """Seeds from 1 up: all configurations on the first, the selected one on all."""
        seeds = tuple(range(1, max(in_all, of_grid) + 1))
        return replace(self, seeds=seeds[:of_grid], fresh_seeds=seeds[of_grid:])


def grid_trials(entry: Entry, grid: Grid) -> list[Trial]:
    """Every configuration on every seed of the grid.

    InputError where an epoch is not even one batch: it would have no step and no loss.
    """
    largest = max(grid.batch_sizes)
    if entry.train_rows < largest:
        raise InputError(
            f"{entry.task.name}: expected at least {largest} training rows, one batch "
            f"of the largest size, found {entry.train_rows}; leave the task out"
        )
    return [
        Trial(
            checkpoint=entry.checkpoint_sha256,
            task=entry.task.name,
            data=entry.data_sha256,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            epochs=grid.epochs,
            max_seq_length=grid.max_seq_length,
            variation=variation,
        )
        for variation, batch_size, seed, learning_rate in itertools.product(
            grid.variations, grid.batch_sizes, grid.seeds, grid.learning_rates
        )
    ]


def repeated_trials(
    trials: Sequence[Trial], batch_size: int, learning_rate: float, grid: Grid
) -> list[Trial]:
    """A configuration of the grid's `trials` on the fresh seeds."""
    first = next(
        trial
        for trial in trials
        if (trial.batch_size, trial.learning_rate) == (batch_size, learning_rate)
    )
    return [replace(first, seed=seed) for seed in grid.fresh_seeds]


def form_stacks(entry: Entry, trials: Iterable[Trial], most: int) -> list[Stack]:
    """Trials of one batch size in stacks of at most `most`, about equally large.

    A stack holds some learning rates of one seed, or all of several seeds.
    """
    of_seed: dict[int, list[Trial]] = {}
    for trial in trials:
        of_seed.setdefault(trial.seed, []).append(trial)
    widest = max(map(len, of_seed.values()), default=1)
    return [
        Stack(entry.sources, entry.task.name, tuple(share))
        for seeds in _shares(list(of_seed.values()), max(1, most // widest))
        for share in _shares(list(itertools.chain(*seeds)), most)
    ]


def halves(stack: Stack) -> tuple[Stack, Stack]:
    """The two that take its place when memory is short; of two trials or more."""
    middle = (len(stack.trials) + 1) // 2
    return (
        replace(stack, trials=stack.trials[:middle]),
        replace(stack, trials=stack.trials[middle:]),
    )


def _shares(items: list, most: int) -> list[list]:
    """In order, in as few shares of at most `most` as will do, about equally large."""
    count = -(-len(items) // most)
    bounds = [len(items) * share // count for share in range(count + 1)]
    return [items[start:end] for start, end in itertools.pairwise(bounds)]
