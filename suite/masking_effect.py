"""WordPiece against whole-word masking, paired.

Two checkpoints of one model that differ in masking only are fine-tuned with the same
configurations and seeds and predict the same dev examples, so their scores are
subtracted example set by example set. The interval resamples examples; it holds for
these two pre-training runs. A claim about masking itself needs several pre-training
seeds, whose mean differences suite/pretraining_pairs.py takes. Masked-LM metrics are in
suite/masked_lm_effect.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.estimates import generator_for
from suite.grids import Grid
from suite.metrics import METRICS
from suite.pretraining_pairs import OverPairs, over_pairs
from suite.statistics import PermutationTest, interval, score_draws
from suite.tasks import Task

_RESAMPLES = 1000


@dataclass(frozen=True)
class MaskingDifference:
    """Whole word minus WordPiece on one task and metric, in fractions of 1.

    Means are over the shared configurations and seeds, and over pre-training pairs.
    `low` and `high` bound the difference at 95 % over examples; `over` is what the
    pairs say.
    """

    model: str
    task: str
    metric: str
    wordpiece: float
    whole_word: float
    low: float
    high: float
    configurations: int
    examples: int
    over: OverPairs
    trial_ids: tuple[str, ...]

    @property
    def difference(self) -> float:
        return self.whole_word - self.wordpiece

    @property
    def pairs(self) -> int:
        return self.over.pairs

    @property
    def sign_flip(self) -> PermutationTest:
        return self.over.sign_flip


@dataclass(frozen=True, eq=False)
class _Pair:
    """The dev predictions of the configurations that both grids finished.

    They are [2, C * S, n]: WordPiece's, then whole word's.
    """

    task: Task
    predictions: np.ndarray
    labels: np.ndarray
    configurations: int
    trial_ids: tuple[str, ...]


def checkpoint_pairs(
    checkpoints: Sequence[Mapping],
) -> dict[str, list[tuple[str, str]]]:
    """Model -> (WordPiece, whole-word) checkpoint hashes, matched by seed or order."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for model in dict.fromkeys(c["name"] for c in checkpoints):
        sides = [
            sorted(
                (c for c in checkpoints if (c["name"], c["masking"]) == (model, side)),
                key=lambda c: c.get("seed") or 0,
            )
            for side in ("wordpiece", "whole-word")
        ]
        matched = [
            (one["sha256"], other["sha256"])
            for one, other in zip(*sides, strict=False)
            if one.get("seed") == other.get("seed")
        ]
        if matched:
            pairs[model] = matched
    return pairs


def compare_maskings(
    checkpoints: Sequence[Mapping], grids: Mapping[tuple[str, str], Grid]
) -> list[MaskingDifference]:
    """One row per model, task and metric that both maskings have on dev."""
    rows = []
    for model, hashes in checkpoint_pairs(checkpoints).items():
        for task in dict.fromkeys(task for _, task in grids):
            found = [
                _pair(grids[one, task], grids[other, task])
                for one, other in hashes
                if (one, task) in grids and (other, task) in grids
            ]
            pairs = [pair for pair in found if pair]
            if pairs:
                rows += _differences(model, pairs)
    return rows


def _pair(wordpiece: Grid, whole_word: Grid) -> _Pair | None:
    """None where dev is not scored on both sides, or no seed or not dev is shared."""
    shared = [c for c in wordpiece.configurations if c in whole_word.configurations]
    sides = (wordpiece, whole_word)
    if not shared or any("dev" not in grid.predictions for grid in sides):
        return None
    if not np.array_equal(wordpiece.labels["dev"], whole_word.labels["dev"]):
        return None
    seeds = [seed for seed in wordpiece.seeds if seed in whole_word.seeds]
    if not seeds:
        return None
    places = [
        np.ix_(
            [grid.configurations.index(configuration) for configuration in shared],
            [grid.seeds.index(seed) for seed in seeds],
        )
        for grid in sides
    ]
    predictions = np.stack(
        [
            grid.predictions["dev"][own].reshape(len(shared) * len(seeds), -1)
            for grid, own in zip(sides, places, strict=True)
        ]
    )
    ids = [
        trial_id
        for grid, own in zip(sides, places, strict=True)
        for trial_id in np.array(grid.trial_ids)[own].ravel().tolist()
    ]
    return _Pair(
        wordpiece.task, predictions, wordpiece.labels["dev"], len(shared), tuple(ids)
    )


def _differences(model: str, pairs: Sequence[_Pair]) -> list[MaskingDifference]:
    """Of every metric of the pairs' task, all on the same resamples."""
    task = pairs[0].task
    rng = generator_for("masking", model, task.name)
    drawn = [
        score_draws(task, pair.predictions, pair.labels, rng, _RESAMPLES)
        for pair in pairs
    ]
    return [
        _difference(model, metric, pairs, [draws[metric] for draws in drawn])
        for metric in task.metrics
    ]


def _difference(
    model: str, metric: str, pairs: Sequence[_Pair], draws: Sequence[np.ndarray]
) -> MaskingDifference:
    """`draws` are those of the metric, [2, R] of each pair."""
    scores = [METRICS[metric](p.predictions, p.labels).mean(axis=-1) for p in pairs]
    one, other = np.array(scores).T  # [P] each
    one_drawn, other_drawn = np.mean(draws, axis=0)  # [R] each
    low, high = interval(other_drawn - one_drawn)
    return MaskingDifference(
        model=model,
        task=pairs[0].task.name,
        metric=metric,
        wordpiece=float(np.mean(one)),
        whole_word=float(np.mean(other)),
        low=low,
        high=high,
        configurations=pairs[0].configurations,
        examples=pairs[0].labels.size,
        over=over_pairs(other - one),
        trial_ids=tuple(trial_id for pair in pairs for trial_id in pair.trial_ids),
    )
