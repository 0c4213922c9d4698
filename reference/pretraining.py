"""Pre-training K trials at once on masked language modelling and next sentence.

Source: the original's run_pretraining.py; the two phases of sequence lengths are
appendix A.2 of the BERT paper, on one schedule. Trials differ in seed and, where masks
are drawn at each step, in masking; they share the schedule, the batch size and the
text. A run keeps its whole state (weights, optimiser, step), its metrics in
`metrics.jsonl`, and ends by writing a checkpoint directory for each trial; stopped at
any moment it goes on from its last state and ends as if it had not been.
"""

import dataclasses
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reference.accelerator import describe_device
from reference.backend import building, fetched, is_first_host
from reference.checkpoint import WEIGHTS_FILE, Checkpoint, write_checkpoint
from reference.configuration import BertConfig
from reference.dynamic_masking import DynamicMasking, unmasked
from reference.errors import InputError
from reference.heads import PreTrainingModel, pre_training_losses
from reference.held_out import HeldOut
from reference.instances import digest
from reference.masking import MaskingSettings
from reference.optimization import learning_rate_factor
from reference.precision import computing_in
from reference.pretraining_data import Batches, Instances, divided
from reference.pretraining_settings import (
    DEFAULT_EXECUTION,
    DEFAULT_SETTINGS,
    Execution,
    PretrainingSettings,
    Trial,
    checkpoint_directory,
)
from reference.run_state import STATES, MetricsLog, RunState
from reference.tokenization import Tokenizer
from reference.training import Trainer
from reference.weights import complete, get_weights, initial_weights, weight_shapes

MODEL_INPUTS = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")

# Called with the step reached, the number of steps, and what to say of them.
Progress = Callable[[int, int, str], None]
# Called with every line that is added to the metrics.
Watch = Callable[[dict], None]


@dataclass(frozen=True)
class Phase:
    """Some steps on one set of masked instances, as `read_tfrecords` gives them."""

    instances: Instances
    num_train_steps: int
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.num_train_steps < 1 or self.batch_size < 1:
            raise InputError("pre-training needs at least one step and one example")


@dataclass(frozen=True)
class Pretraining:
    """One run: the model's shape, its trials and data, and where its files are.

    `held_out` is what the metrics are of; `description` is kept with every checkpoint
    (the corpus, …). Phases follow each other on one schedule. Trials begin with the
    weights `initial`, or else with their own random ones.
    """

    config: BertConfig
    tokenizer: Tokenizer
    phases: tuple[Phase, ...]
    held_out: Instances
    directory: Path
    trials: tuple[Trial, ...] = (Trial(),)
    settings: PretrainingSettings = DEFAULT_SETTINGS
    execution: Execution = DEFAULT_EXECUTION
    initial: Checkpoint | None = None
    description: dict = field(default_factory=dict)
    watch: Watch | None = None

    def __post_init__(self) -> None:
        names = [trial.name for trial in self.trials]
        if not names or len(set(names)) < len(names):
            raise InputError(
                f"trials: expected one or more, each once, found {', '.join(names)}"
            )
        for phase in self.phases:
            rows = phase.batch_size
            size = min(self.execution.micro_batch_size or rows, rows)
            for part in {size, rows % size} - {0}:
                self.execution.mesh.check(len(self.trials), part)

    @property
    def num_train_steps(self) -> int:
        return sum(phase.num_train_steps for phase in self.phases)

    @property
    def _last_step(self) -> int:
        """The one to stop after."""
        asked = self.execution.stop_after or self.num_train_steps
        return min(asked, self.num_train_steps)

    def run(self, progress: Progress | None = None) -> list[dict[str, float]]:
        """Train to the end, or go on where a stopped run left off.

        Writes the checkpoints and returns the held-out metrics of each trial.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with building(self.execution.mesh), computing_in(self.settings.precision):
            model = PreTrainingModel(self.config, len(self.trials))
            blank = np.zeros((len(self.trials), 1, 8), np.int32)
            model(dict.fromkeys(MODEL_INPUTS, blank))
            trainer = Trainer(model, _losses, mesh=self.execution.mesh)
        held_out = HeldOut(model, *self._unmasked(self.held_out), self.trials)
        first = self._resume_or_start(trainer)
        metrics = self._train(trainer, first, held_out, progress or (lambda *_: None))
        weights = get_weights(model)  # on several hosts, all take part
        if is_first_host() and self._last_step == self.num_train_steps:
            self._write_checkpoints(weights, metrics)
        return metrics

    def _train(self, trainer, first: int, held_out: HeldOut, progress) -> list[dict]:
        """Take the steps from `first` on; returns the held-out metrics at the end."""
        last, size = self._last_step, self.execution.micro_batch_size
        seeds = [trial.seed for trial in self.trials]
        losses, note, metrics = [], "", None
        clock, saved = _Clock(), time.monotonic()
        for step, batch in zip(range(first, last), self._batches(first), strict=False):
            metrics = None
            rates = np.full(len(self.trials), self._learning_rate(step))
            losses.append(trainer.dispatch(divided(batch, size), rates, seeds, step))
            reached = step + 1
            if self._is_due(reached, self.execution.log_every):
                line = self._line(reached, losses, rates[0])
                if self._is_due(reached, self.execution.evaluate_every):
                    line["held_out"] = metrics = held_out.metrics()
                lasted = time.monotonic() - saved
                is_old = lasted >= self.execution.save_every_seconds
                saves = is_old or reached == last
                self._record(line, trainer if saves else None)
                saved = time.monotonic() if saves else saved
                losses, note = [], f"loss {np.mean(line['loss']):.3f}, "
            rate = clock.tokens_per_second(batch)
            said = f"{note}{rate:,.0f} tokens/s"
            progress(reached, self.num_train_steps, said)
        return metrics or held_out.metrics()

    def _is_due(self, reached: int, every: int | None) -> bool:
        """Whether something done every so many steps, and at the end, is due."""
        return reached == self.num_train_steps or bool(every and reached % every == 0)

    def _line(self, reached: int, losses: list, learning_rate: float) -> dict:
        """What the metrics say of the steps since the last line."""
        mean = np.mean([fetched(loss) for loss in losses], axis=0)
        self._check(mean, reached)
        return {
            "step": reached,
            "loss": mean.tolist(),
            "learning_rate": float(learning_rate),
        }

    def _batches(self, first: int):
        """What is trained on from step `first` on, phase after phase."""
        begins = 0
        for number, phase in enumerate(self.phases):
            ends = begins + phase.num_train_steps
            if first < ends:
                data, masking = self._unmasked(phase.instances)
                batches = Batches(data, masking, self.trials, phase.batch_size, number)
                for step in range(max(first, begins), ends):
                    yield batches.at(step - begins, step)
            begins = ends

    def _learning_rate(self, step: int) -> float:
        total, settings = self.num_train_steps, self.settings
        warmup = int(total * settings.warmup_proportion)
        return settings.learning_rate * learning_rate_factor(step, total, warmup)

    def _check(self, losses: np.ndarray, reached: int) -> None:
        wrong = [
            trial.name
            for trial, loss in zip(self.trials, losses, strict=True)
            if not np.isfinite(loss)
        ]
        if wrong:
            raise InputError(
                f"{self.directory}: the loss of {', '.join(wrong)} is not a number "
                f"by step {reached}; the last saved state is untouched; try a lower "
                "learning rate"
            )

    def _record(self, line: dict, trainer: Trainer | None) -> None:
        """Add a line to the metrics, and save the trainer's state if it is given."""
        state = trainer.state() if trainer else None  # on several hosts, all take part
        if is_first_host():
            MetricsLog(self.directory).append(line)
            if self.watch:
                self.watch(line)
            if trainer:
                self._states.save(line["step"], state)

    def _resume_or_start(self, trainer: Trainer) -> int:
        """Give the trainer its state; returns the step to go on from."""
        latest = self._states.latest()
        if latest is None:
            self._check_target()
            shapes = weight_shapes(trainer.model)
            spread, given = self.config.initializer_range, self.initial
            trainer.start(
                [
                    complete(given.weights, shapes, spread, trial.seed)
                    if given
                    else initial_weights(shapes, spread, trial.seed)
                    for trial in self.trials
                ]
            )
        step, state = latest or (0, None)
        if state:
            trainer.restore(state)
        if is_first_host():
            MetricsLog(self.directory).forget_after(step)
        return step

    def _check_target(self) -> None:
        """InputError where a checkpoint is that this run has not made."""
        for trial in self.trials:
            path = checkpoint_directory(self.directory, self.trials, trial)
            if (path / WEIGHTS_FILE).exists():
                raise InputError(
                    f"{path}: expected none or a run to go on with, found a checkpoint "
                    f"without {STATES}/ beside it; name another directory"
                )

    @property
    def _states(self) -> RunState:
        return RunState(self.directory, self._identity, self.execution.keep)

    @functools.cached_property
    def _identity(self) -> dict:
        return {
            "config": dataclasses.asdict(self.config),
            "settings": dataclasses.asdict(self.settings),
            "initial": self.initial and self.initial.sha256,
            "vocabulary": self.tokenizer.sha256,
            "held_out": digest(self.held_out),
            "trials": [trial.name for trial in self.trials],
            "phases": [
                [phase.num_train_steps, phase.batch_size, digest(phase.instances)]
                for phase in self.phases
            ],
        }

    def _unmasked(
        self, instances: Instances
    ) -> tuple[Instances, DynamicMasking | None]:
        """Instances, and what draws their masks; as they are when they keep theirs."""
        share = self.settings.dynamic_masking
        if share is None:
            return instances, None
        most = instances["masked_lm_positions"].shape[1]
        settings = MaskingSettings(masked_lm_prob=share, max_predictions_per_seq=most)
        return unmasked(instances), DynamicMasking(self.tokenizer, settings)

    def _write_checkpoints(self, weights, metrics: list[dict[str, float]]) -> None:
        ran_on = describe_device()
        for trial, own, found in zip(self.trials, weights, metrics, strict=True):
            description = self.description | {
                "lower_case": self.tokenizer.lower_case,
                "settings": {
                    "num_train_steps": self.num_train_steps,
                    "batch_size": self.phases[0].batch_size,
                    "seed": trial.seed,
                    **self._identity["settings"],
                },
                "phases": self._identity["phases"],
                "max_seq_lengths": [
                    phase.instances["input_ids"].shape[1] for phase in self.phases
                ],
                "instances": len(self.phases[0].instances["input_ids"]),
                "held_out": found,
                "ran_on": ran_on,
            }
            if trial.masking:
                description["masking"] = str(trial.masking)
            write_checkpoint(
                checkpoint_directory(self.directory, self.trials, trial),
                self.config,
                own,
                self.tokenizer.vocab,
                description,
            )


class _Clock:
    """Counts tokens from now on."""

    def __init__(self):
        self._started, self._tokens = time.monotonic(), 0

    def tokens_per_second(self, batch: dict) -> float:
        """The mean rate with this batch, padding included."""
        self._tokens += int(np.prod(batch["input_ids"].shape))
        return self._tokens / (time.monotonic() - self._started)


def _losses(model, batch, dropout):
    masked_lm, next_sentence = pre_training_losses(model(batch, dropout=dropout), batch)
    return masked_lm + next_sentence
