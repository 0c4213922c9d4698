"""What another seed would do to a score of a grid: measured, or guessed from it.

A published number is of one run, the best of a grid of one seed, so one run in that
sense is what is asked for: on seeds of the grid, what each seed's grid chose; on fresh
seeds, the chosen configuration. The estimates are those of suite/seed_error.py.
"""

import numpy as np

from suite.grids import Grid, task_of_split
from suite.seed_error import SeedError, best_known, guessed, of_seeds
from suite.selection import grid_scores


def seed_errors(grid: Grid, split: str) -> dict[str, SeedError]:
    """Per metric and for "main", of one run scored on the split."""
    main = grid.dev_scores["main"]
    fresh = _on_fresh_seeds(grid, split)
    scores = grid_scores(
        task_of_split(grid.task, split), grid.predictions[split], grid.labels[split]
    )
    return {
        name: best_known(fresh.get(name), _over_grids(grid, own), guessed(own, main))
        for name, own in scores.items()
    }


def _on_fresh_seeds(grid: Grid, split: str) -> dict[str, SeedError]:
    """Seeds that chose are not among them: they were lucky there.

    None where all of them answer alike whatever they read: that they score the same
    then says nothing of how far apart seeds lie.
    """
    repeated = grid.repeats and grid.repeats.predictions.get(split)
    if repeated is None or len(repeated) < 2 or np.all(repeated == repeated[:, :1]):
        return {}
    how = f"measured over {len(repeated)} fresh seeds of the chosen one"
    task = task_of_split(grid.task, split)
    found = grid_scores(task, repeated[None], grid.labels[split])
    return {name: of_seeds(scores[0], how) for name, scores in found.items()}


def _over_grids(grid: Grid, scores: np.ndarray) -> SeedError | None:
    """Of scores [C, S] what each seed's grid chose; None with one seed."""
    own = grid.of_chosen(scores)
    how = f"measured over {own.size} seeds, each with a grid of its own"
    return of_seeds(own, how) if own.size > 1 else None
