"""Configurations, seeds and losses of made-up grids, found where they are known."""

from dataclasses import replace

import numpy as np
import pytest

from suite.grid_views import (
    best_of_curve,
    best_of_rows,
    configuration_scores,
    epoch_losses,
    loss_rows,
    seed_rows,
    seed_scores,
)
from suite.grids import Grid, load_grids
from tests.suite.synthetic import Synthetic, make_run

RATES = (3e-4, 1e-4, 5e-5)


def made(path, **options) -> Grid:
    """Six configurations of RTE on 71 examples."""
    small = {"tasks": ("RTE",), "rows": 71, "batch_sizes": (8, 16)}
    run = make_run(path, Synthetic(learning_rates=RATES, **small, **options))
    (grid,) = load_grids(run).values()
    return grid


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Grid:
    """On three seeds; the first configuration failed on the first of them."""
    return made(tmp_path_factory.mktemp("run"), seeds=3, fail=1)


def accuracy(grid: Grid, configuration: int, seed: int) -> float:
    predictions = grid.predictions["dev"][configuration, seed]
    return 100 * float(np.mean(predictions == grid.labels["dev"]))


def test_scores_are_those_of_the_predictions(seeds):
    scores = configuration_scores(seeds)
    assert scores.shape == (5,)  # one of six failed on a seed
    for place, score in enumerate(scores):
        own = [accuracy(seeds, place, seed) for seed in range(3)]
        assert score == pytest.approx(np.mean(own))


def test_the_expected_best_goes_from_the_mean_to_the_best(seeds):
    scores, curve = configuration_scores(seeds), best_of_curve(seeds)
    assert curve.shape == scores.shape
    assert curve[0] == pytest.approx(scores.mean())
    assert curve[-1] == pytest.approx(scores.max())
    assert np.all(np.diff(curve) >= 0)


def test_seeds_of_the_chosen_and_of_the_grid(seeds):
    found = seed_scores(seeds, seeds.configurations[2])
    assert found.seeds == [0, 1, 2]
    for seed in found.seeds:
        assert found.chosen[seed] == pytest.approx(accuracy(seeds, 2, seed))
        assert found.trial_ids[seed] == seeds.trial_ids[2][seed]
    # The failed trial has no score on its seed; its configuration has on the others.
    assert [len(found.grid[seed]) for seed in found.seeds] == [5, 6, 6]


def test_one_seed_shows_nothing_of_seeds(tmp_path):
    grid = made(tmp_path)
    assert seed_scores(grid, grid.configurations[0]) is None


def test_losses_end_where_a_trial_diverged(seeds):
    whole, torn = seeds.records[1], replace(seeds.records[2], losses=[0.9])
    found = epoch_losses([whole, torn])
    np.testing.assert_array_equal(found[0], whole.losses)
    np.testing.assert_array_equal(found[1], [0.9, np.nan, np.nan, np.nan])
    assert epoch_losses([]).shape == (0, 0)


def test_the_tables(seeds):
    chosen = seeds.configurations[2]
    curve = np.arange(50.0, 55.0)
    rows = best_of_rows({"RTE": curve, "WNLI": curve[:2]}, {"RTE": 51.0}, sample=False)
    assert "| RTE | 5 | 50.0 | 51.0 | 52.0 | 54.0 | 51.0 |" in rows
    assert "| WNLI | 2 | 50.0 | 51.0 | – | – | – |" in rows
    scores = seed_scores(seeds, chosen)
    lines = seed_rows({"RTE": scores}, sample=False).splitlines()[2:]
    low, high = min(scores.grid[1]), max(scores.grid[1])
    assert lines[1] == (
        f"| RTE | {chosen} | 1 | {scores.chosen[1]:.1f} | {low:.1f} to {high:.1f} | "
        f"`{scores.trial_ids[1]}` |"
    )
    losses = loss_rows({"RTE": seeds}, {"RTE": chosen}, sample=False)
    ids = " ".join(f"`{trial_id}`" for trial_id in seeds.trial_ids[2])
    assert f"| RTE | chosen | 0.700 | 0.600 | 0.500 | 0.400 | {ids} |" in losses
    assert "| RTE | the grid | 0.700 to 0.700 |" in losses
    assert "| all 18, low to high |" in losses
