"""What turning each knob does to a task's score, paired over seeds.

Both sides of a pair have the same checkpoint, seed, order of examples (as far as the
knob leaves it alone) and dropout masks; how they are compared is in
suite/paired_effects.py. Beside the interval stands the sign-flip test over seeds, which
assumes less and can say less. Holm's correction is over all knobs and tasks of a run.

Scores are main scores on dev in points. Not here: what the knobs are (suite/knobs.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reference.errors import InputError
from suite.constant_answers import constant_scores
from suite.estimates import generator_for
from suite.knobs import KNOBS, Knob, knob_named
from suite.metrics import predictions_from_logits
from suite.paired_effects import (
    difference_draws,
    main_margin,
    scores_by_seed,
    verdict,
)
from suite.published import load_margins
from suite.records import RunDirectory, TrialRecord
from suite.statistics import (
    PermutationTest,
    difference_p,
    holm,
    interval,
    sign_flip_test,
    smallest_p,
)
from suite.tasks import TASKS, Task, task_named

RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Pairs:
    """A task's dev predictions without a knob and with it, `[S, n]` each.

    `degenerate` counts the trials of either side that learnt nothing.
    """

    task: Task
    knob: Knob
    seeds: tuple[int, ...]
    faithful: np.ndarray
    turned: np.ndarray
    labels: np.ndarray
    trial_ids: tuple[str, ...]
    degenerate: tuple[int, int] = (0, 0)

    @cached_property
    def differences(self) -> np.ndarray:
        """Turned − faithful by seed, `[S]`."""
        return self._scores(self.turned) - self._scores(self.faithful)

    @property
    def faithful_score(self) -> float:
        """Without the knob, the mean over seeds."""
        return float(self._scores(self.faithful).mean())

    @property
    def constant(self) -> float:
        """What the best answer scores that is always the same."""
        return 100 * constant_scores(self.task, self.labels)["main"]

    @property
    def learnt(self) -> float:
        """How far the score without the knob is above that."""
        return self.faithful_score - self.constant

    @property
    def changed(self) -> int:
        """Predictions that are not the same, over all seeds."""
        return int((self.turned != self.faithful).sum())

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        """Draws `[R]` of the mean difference, with the error of examples and seeds."""
        sides = self.faithful, self.turned
        return difference_draws(self.task, sides, self.labels, rng, RESAMPLES)

    def _scores(self, predictions: np.ndarray) -> np.ndarray:
        return scores_by_seed(self.task, predictions, self.labels)


@dataclass(frozen=True, eq=False)
class Effect:
    """What a knob does to a task, in points; `p` is corrected after Holm.

    `at_floor` where it is the least that so many draws can show, and may be less.
    `verdict` is that of suite/paired_effects.py, or "unchanged" where no prediction is
    another.
    """

    pairs: Pairs
    mean: float
    low: float
    high: float
    p: float
    at_floor: bool
    sign_flip: PermutationTest
    margin: float | None
    verdict: str


@dataclass(frozen=True)
class KnobRun:
    """The effects that a run shows, and the trials that none of them could use."""

    effects: tuple[Effect, ...]
    failed: tuple[TrialRecord, ...]


def knob_run(run: RunDirectory) -> KnobRun:
    """The effects of every knob on every task that share two seeds or more."""
    records = run.records()
    found = [(own, own.draws(_generator(own))) for own in _all_pairs(run, records)]
    corrected = holm(np.array([_p(own, draws) for own, draws in found]))
    margins = load_margins()
    return KnobRun(
        tuple(
            _effect(own, draws, float(p), main_margin(own.task, margins))
            for (own, draws), p in zip(found, corrected, strict=True)
        ),
        tuple(record for record in records if record.status == "failed"),
    )


def _all_pairs(run: RunDirectory, records: Sequence[TrialRecord]) -> list[Pairs]:
    """In the order of tasks and knobs, in whichever the trials were finished."""
    finished: dict[tuple[str, str], dict[int, TrialRecord]] = {}
    for record in records:
        if record.status == "finished":
            key = record.trial.task, record.trial.variation
            finished.setdefault(key, {})[record.trial.seed] = record
    _check_alike(run, records)
    labels = run.labels()
    found = []
    for task, name in sorted(finished, key=_place):
        faithful, turned = finished.get((task, ""), {}), finished[task, name]
        seeds = tuple(sorted(faithful.keys() & turned.keys()))
        if name and len(seeds) > 1:
            sides = [[side[seed] for seed in seeds] for side in (faithful, turned)]
            found.append(_pairs(run, task_named(task), knob_named(name), sides, labels))
    return found


def _place(key: tuple[str, str]) -> tuple[int, int]:
    """Of a task and a knob among all of them; no knob stands first."""
    task, name = key
    return list(TASKS).index(task), ["", *KNOBS].index(name)


def _check_alike(run: RunDirectory, records: Sequence[TrialRecord]) -> None:
    """InputError where something else than knobs and seeds differs within a task."""
    found: dict[str, tuple] = {}
    for record in records:
        trial = record.trial
        made = (
            *(trial.checkpoint, trial.data, trial.max_seq_length, trial.epochs),
            *(trial.batch_size, trial.learning_rate),
        )
        if found.setdefault(trial.task, made) != made:
            raise InputError(
                f"{run.path}: expected trials of {trial.task} that differ in knob and "
                "seed alone, found several checkpoints, data or configurations; keep "
                "them in run directories of their own"
            )


def _pairs(run, task: Task, knob: Knob, sides, labels: Mapping) -> Pairs:
    predictions = [
        np.stack(
            [
                predictions_from_logits(task, run.predictions(r.trial.id)["dev"])
                for r in side
            ]
        )
        for side in sides
    ]
    return Pairs(
        task=task,
        knob=knob,
        seeds=tuple(record.trial.seed for record in sides[0]),
        faithful=predictions[0],
        turned=predictions[1],
        labels=labels[f"{task.name}/dev"],
        trial_ids=tuple(r.trial.id for side in sides for r in side),
        degenerate=tuple(sum(bool(r.degenerate) for r in side) for side in sides),
    )


def _effect(pairs: Pairs, draws: np.ndarray, p: float, margin: float | None) -> Effect:
    low, high = interval(draws)
    return Effect(
        pairs=pairs,
        mean=float(pairs.differences.mean()),
        low=low,
        high=high,
        p=p,
        at_floor=_p(pairs, draws) <= smallest_p(draws.size),
        sign_flip=sign_flip_test(pairs.differences, _generator(pairs)),
        margin=margin,
        verdict=_verdict(pairs, draws, p, margin),
    )


def _verdict(pairs: Pairs, draws: np.ndarray, p: float, margin: float | None) -> str:
    return verdict(draws, p, margin, pairs.learnt) if pairs.changed else "unchanged"


def _p(pairs: Pairs, draws: np.ndarray) -> float:
    return difference_p(draws) if pairs.changed else 1.0


def _generator(pairs: Pairs) -> np.random.Generator:
    return generator_for("knob", pairs.task.name, pairs.knob.name)
