"""Which pre-trainings of two maskings make a pair, and which trials are compared.

A pair are two checkpoints of one pre-training seed that are alike but for masking, as
their own records say (suite/pretraining_kinds.py). Where a side has no such record, two
of one model and seed are laid side by side all the same, and are marked as not known to
be alike; two that are known to differ in more are no pair.

Pairs may have finished different trials: one the whole grid, another two
configurations. Compared are the configurations and seeds that all pairs of a task
share, on both sides; a pair that has none in common with the most others is left out
(`_most_pairs`). What the comparison shows is in suite/masking_effect.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.grids import Grid
from suite.pretraining_kinds import (
    alike_of,
    masks_are_fixed,
    seed_of,
    told_apart,
)
from suite.tasks import Task

Pair = tuple[Grid, Grid]  # WordPiece's and whole word's
Hashes = tuple[str, str]  # of their checkpoints
_MASKINGS = ("wordpiece", "whole-word")


@dataclass(frozen=True)
class Pretrained:
    """Pairs of one model that were all pre-trained in one way, a seed each.

    `name` is the model's, with the way where there are several. `known` says whether
    the two of each pair are known to be alike but for masking; where their masks were
    `fixed` beforehand, but for the sentence pairs drawn with them, too.
    """

    model: str
    name: str
    hashes: Sequence[Hashes]
    known: bool
    fixed: bool = False


@dataclass(frozen=True, eq=False)
class Compared:
    """The dev predictions [P, 2, T, n] of the trials that P pairs share.

    Of each pair WordPiece's, then whole word's. `trial_seeds` [T] are the fine-tuning
    seeds; trials of one seed differ in configuration. `tried` counts the pairs, with
    those that were left out, and `degenerate` the trials that collapsed.
    """

    task: Task
    predictions: np.ndarray
    labels: np.ndarray
    tried: int
    configurations: int
    trial_seeds: np.ndarray
    degenerate: int
    trial_ids: tuple[str, ...]

    @property
    def seeds(self) -> int:
        return np.unique(self.trial_seeds).size

    def of_seeds(self, by_trial: np.ndarray) -> np.ndarray:
        """Means [S] over the trials of each fine-tuning seed, of values [T]."""
        own = (self.trial_seeds == seed for seed in np.unique(self.trial_seeds))
        return np.array([by_trial[trials].mean() for trials in own])


def checkpoint_pairs(checkpoints: Sequence[Mapping]) -> list[Pretrained]:
    """The pairs of each model, apart for each way in which it was pre-trained.

    Known to be alike are the first of each seed: a pre-training made again gives the
    same. Of the others several of one seed, or without any, are matched in their order.
    """
    found = []
    for model in dict.fromkeys(c["name"] for c in checkpoints):
        found += _of_model(model, [c for c in checkpoints if c["name"] == model])
    return found


def _of_model(model: str, own: Sequence[Mapping]) -> Iterator[Pretrained]:
    kinds: dict[str, list[Mapping]] = {}
    for checkpoint in own:
        if kind := alike_of(checkpoint):
            kinds.setdefault(kind, []).append(checkpoint)
    known = [(alike[0], pairs) for alike in kinds.values() if (pairs := _known(alike))]
    ways = told_apart([one["pretraining"] for one, _ in known])
    for way, (one, pairs) in zip(ways, known, strict=True):
        name = ", ".join(filter(None, [model, way]))
        yield Pretrained(model, name, pairs, known=True, fixed=masks_are_fixed(one))
    taken = {sha256 for _, pairs in known for pair in pairs for sha256 in pair}
    others = _not_known([c for c in own if c["sha256"] not in taken])
    for number, pairs in enumerate(others, 1):
        way = "pre-training not recorded" if known or len(others) > 1 else ""
        way += f" ({number})" if len(others) > 1 else ""
        name = ", ".join(filter(None, [model, way]))
        yield Pretrained(model, name, pairs, known=False)


def _known(alike: Sequence[Mapping]) -> list[Hashes]:
    """Of checkpoints that were pre-trained alike but for masking and seed."""
    first = {(seed_of(c), c["masking"]): c["sha256"] for c in reversed(alike)}
    sides = [
        tuple(first.get((seed, masking)) for masking in _MASKINGS)
        for seed in _seeds(alike)
    ]
    return [pair for pair in sides if all(pair)]


def _not_known(own: Sequence[Mapping]) -> list[list[Hashes]]:
    """Of checkpoints of which one of a pair at least has no record of its making.

    Apart for each kind of pre-training that a side is known to be of.
    """
    pairs: dict[str | None, list[Hashes]] = {}
    for seed in _seeds(own):
        one, other = (
            [c for c in own if (c["masking"], seed_of(c)) == (masking, seed)]
            for masking in _MASKINGS
        )
        for wordpiece in one:
            kind = alike_of(wordpiece)
            fitting = [c for c in other if not (kind and alike_of(c))]
            if fitting:
                whole_word = fitting[0]
                other.remove(whole_word)
                hashes = wordpiece["sha256"], whole_word["sha256"]
                pairs.setdefault(kind or alike_of(whole_word), []).append(hashes)
    return list(pairs.values())


def _seeds(checkpoints: Sequence[Mapping]) -> list[int | None]:
    seeds = dict.fromkeys(map(seed_of, checkpoints))
    return sorted(seeds, key=lambda seed: seed or 0)


def compared_trials(pairs: Sequence[Pair]) -> Compared | None:
    """None where no pair was scored on the same dev examples with a shared trial."""
    kept, shared = _most_pairs(pairs)
    if not kept:
        return None
    grids = [grid for pair in kept for grid in pair]
    predictions, trial_ids = [], []
    for grid in grids:
        places = _places(grid)
        rows, columns = np.array([places[trial] for trial in shared]).T
        predictions.append(grid.predictions["dev"][rows, columns])  # [T, n]
        trial_ids += np.array(grid.trial_ids)[rows, columns].tolist()
    collapsed = {r.trial.id for grid in grids for r in grid.degenerate}
    return Compared(
        task=grids[0].task,
        predictions=np.reshape(predictions, (len(kept), 2, len(shared), -1)),
        labels=grids[0].labels["dev"],
        tried=len(pairs),
        configurations=len({configuration for configuration, _, _ in shared}),
        trial_seeds=np.array([seed for _, seed, _ in shared]),
        degenerate=sum(trial_id in collapsed for trial_id in trial_ids),
        trial_ids=tuple(trial_ids),
    )


def _most_pairs(pairs: Sequence[Pair]) -> tuple[list[Pair], list[tuple]]:
    """The pairs to compare, and the trials that all of them have on both sides.

    As many pairs as any one trial is shared by; among equally many pairs those that
    share more trials, and the first of these.
    """
    holders: dict[tuple, list[int]] = {}
    for number, (wordpiece, whole_word) in enumerate(pairs):
        other = _places(whole_word)
        for trial in _places(wordpiece):
            if trial in other:
                holders.setdefault(trial, []).append(number)
    shared = {
        tuple(held): [trial for trial, by in holders.items() if set(held) <= set(by)]
        for held in holders.values()
    }
    most = max(shared, key=lambda held: (len(held), len(shared[held])), default=())
    return [pairs[number] for number in most], shared.get(most, [])


def _places(grid: Grid) -> dict[tuple, tuple[int, int]]:
    """Where in the grid each trial is: by configuration, seed and what dev is."""
    if "dev" not in grid.predictions:
        return {}
    dev = grid.labels["dev"].tobytes()
    return {
        (configuration, seed, dev): (row, column)
        for row, configuration in enumerate(grid.configurations)
        for column, seed in enumerate(grid.seeds)
    }
