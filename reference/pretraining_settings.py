"""How pre-training is asked for: the trials, what decides their result, what does not.

Settings that can change a result are kept apart from those that can change only how
long it takes (and the last bits). Not here: the data, and the run (pretraining.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.devices import ONE_DEVICE, Mesh
from reference.errors import InputError
from reference.learning_rates import check_learning_rate
from reference.masking import MaskingScheme

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Trial:
    """One of the runs of a stack: its seed, and its masking where masks are drawn."""

    seed: int = 12345
    masking: MaskingScheme | None = None

    @property
    def name(self) -> str:
        return "_".join(filter(None, [self.masking, f"seed{self.seed}"]))


def checkpoint_directory(
    directory: Path, trials: Sequence[Trial], trial: Trial
) -> Path:
    """A run's own directory when it has one trial, else one for each in it."""
    return directory if len(trials) == 1 else directory / trial.name


@dataclass(frozen=True)
class PretrainingSettings:
    """What can change the result of a run, beside model, data and trials.

    With `dynamic_masking`, a share of tokens to hide, the masks of the instances are
    taken off and drawn at each step by the masking of each trial, as many predictions
    to a sequence as the instances have at most.
    """

    learning_rate: float = 5e-4
    warmup_proportion: float = 0.1
    precision: str = "float32"
    dynamic_masking: float | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise InputError(
                f"precision: expected one of {', '.join(PRECISIONS)}, found "
                f"{self.precision}"
            )
        check_learning_rate(self.learning_rate)
        if not 0 <= self.warmup_proportion < 1:
            raise InputError(
                "warmup_proportion: expected a number from 0 up and below 1, found "
                f"{self.warmup_proportion}"
            )


@dataclass(frozen=True)
class Execution:
    """How a run is carried out: of its result this can change the rounding only.

    A batch is computed in parts of `micro_batch_size` (None: whole), each spread over
    `mesh`. Every `log_every` steps a line is added to the metrics, every
    `evaluate_every` steps (a multiple of it) with the held-out metrics, and the state
    is saved with the first line after `save_every_seconds`; the last `keep` stay. After
    the step `stop_after` (a multiple of `log_every`, so that the lines are those of a
    run that was not stopped) the run stops as if killed there, with its state saved.
    """

    micro_batch_size: int | None = None
    mesh: Mesh = ONE_DEVICE
    log_every: int = 100
    evaluate_every: int | None = None
    save_every_seconds: float = 60.0
    keep: int = 2
    stop_after: int | None = None

    def __post_init__(self) -> None:
        for name in (
            "micro_batch_size",
            "log_every",
            "evaluate_every",
            "keep",
            "stop_after",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}: expected 1 or more, found {value}")
        for name in ("evaluate_every", "stop_after"):
            value = getattr(self, name) or 0
            if value % self.log_every:
                raise InputError(
                    f"{name}: expected a multiple of log_every, {self.log_every}, "
                    f"found {value}"
                )


DEFAULT_SETTINGS = PretrainingSettings()
DEFAULT_EXECUTION = Execution()
