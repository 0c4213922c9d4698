"""Which pre-trainings of two maskings make a pair, and which trials are compared.

Pairs may have finished different trials: one the whole grid, another two
configurations. Compared are the configurations and seeds that all pairs of a task
share, on both sides; a pair that has none in common with the most others is left out
(`_most_pairs`). What the comparison shows is in suite/masking_effect.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.grids import Grid
from suite.tasks import Task

Pair = tuple[Grid, Grid]  # WordPiece's and whole word's


@dataclass(frozen=True, eq=False)
class Compared:
    """The dev predictions [P, 2, T, n] of the trials that P pairs share.

    Of each pair WordPiece's, then whole word's; T are `configurations` × `seeds`.
    `tried` counts the pairs, with those that were left out, and `degenerate` the trials
    that collapsed.
    """

    task: Task
    predictions: np.ndarray
    labels: np.ndarray
    tried: int
    configurations: int
    seeds: int
    degenerate: int
    trial_ids: tuple[str, ...]


def checkpoint_pairs(
    checkpoints: Sequence[Mapping],
) -> dict[str, list[tuple[str, str]]]:
    """Model -> (WordPiece, whole-word) checkpoint hashes, matched by seed.

    Several of one seed, or without any, are matched in their order.
    """
    pairs: dict[str, list[tuple[str, str]]] = {c["name"]: [] for c in checkpoints}
    for model, matched in pairs.items():
        own = [c for c in checkpoints if c["name"] == model]
        seeds = dict.fromkeys(c.get("seed") for c in own)
        for seed in sorted(seeds, key=lambda seed: seed or 0):
            sides = [
                [
                    c["sha256"]
                    for c in own
                    if (c["masking"], c.get("seed")) == (masking, seed)
                ]
                for masking in ("wordpiece", "whole-word")
            ]
            matched += zip(*sides, strict=False)
    return {model: matched for model, matched in pairs.items() if matched}


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
        seeds=len({seed for _, seed, _ in shared}),
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
