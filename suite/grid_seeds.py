"""What another seed would do to a score of a grid: measured, or guessed from it.

A published number is of one run, the best of a grid of one seed, so one run in that
sense is what is asked for: on seeds of the grid, what each seed's grid chose; on fresh
seeds, the chosen configuration. The estimates are those of suite/seed_error.py.
"""

import numpy as np

from suite.grids import Grid, task_of_split
from suite.seed_error import SeedError, best_known, guessed, of_seeds
from suite.selection import best_by_seed, grid_scores


def seed_errors(grid: Grid, split: str) -> dict[str, SeedError]:
    """Per metric and for "main", of one run scored on the split."""
    dev, labels = grid.predictions["dev"], grid.labels["dev"]
    main = grid_scores(grid.task, dev, labels)["main"]
    chosen = best_by_seed(grid.task, dev, labels)
    fresh = _on_fresh_seeds(grid, split)
    scores = grid_scores(
        task_of_split(grid.task, split), grid.predictions[split], grid.labels[split]
    )
    return {
        name: best_known(fresh.get(name), _over_grids(own, chosen), guessed(own, main))
        for name, own in scores.items()
    }


def _on_fresh_seeds(grid: Grid, split: str) -> dict[str, SeedError]:
    """Seeds that chose are not among them: they were lucky there."""
    repeated = grid.repeats and grid.repeats.predictions.get(split)
    if repeated is None or len(repeated) < 2:
        return {}
    how = f"measured over {len(repeated)} fresh seeds of the chosen one"
    task = task_of_split(grid.task, split)
    found = grid_scores(task, repeated[None], grid.labels[split])
    return {name: of_seeds(scores[0], how) for name, scores in found.items()}


def _over_grids(scores: np.ndarray, chosen: np.ndarray) -> SeedError | None:
    """Of scores [C, S] what each seed's grid chose; None with one seed."""
    seeds = chosen.size
    if seeds < 2:
        return None
    how = f"measured over {seeds} seeds, each with a grid of its own"
    return of_seeds(scores[chosen, np.arange(seeds)], how)
