"""What is chosen, what it is worth, and that the interval of it covers the truth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from suite import estimates
from suite.estimates import choose, estimate, generator_for
from suite.grids import Configuration, Grid, Repeats, load_grids
from suite.seed_error import GUESSED
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS
from tests.suite import synthetic


def only_grid(run):
    (grid,) = load_grids(run).values()
    return grid


def random_grid(rng, skill, examples, configurations=8):
    labels = rng.integers(0, 2, examples)
    right = rng.random((configurations, 1, examples)) < skill
    return Grid(
        task=TASKS["RTE"],
        records=(),
        configurations=tuple(Configuration(8, i) for i in range(configurations)),
        seeds=(1,),
        trial_ids=tuple((str(i),) for i in range(configurations)),
        predictions={"dev": np.where(right, labels, 1 - labels)},
        labels={"dev": labels},
    )


def test_the_cross_fitted_interval_covers_the_true_score(monkeypatch):
    """It holds the luck of the halves as well, so it may cover more than its level."""
    monkeypatch.setattr(estimates, "RESAMPLES", 400)
    monkeypatch.setattr(estimates, "HALVINGS", 4)
    monkeypatch.setattr(estimates, "_collapse", lambda *_: None)
    runs, covered = 300, 0
    rng = np.random.default_rng(0)
    for _ in range(runs):
        found = estimate(random_grid(rng, 0.7, 277), "dev", rng)
        low, high = np.quantile(found.draws["main"], [0.025, 0.975])
        covered += low <= 0.7 <= high
    assert covered / runs >= stats.binom.ppf(1e-4, runs, 0.95) / runs


def test_of_few_examples_the_interval_is_bcas():
    """Three wrong of 71: the percentiles' lower limit is too near."""
    right = np.arange(71) >= 3
    grid = random_grid(np.random.default_rng(0), 1.0, 71, configurations=1)
    labels = grid.labels["dev"]
    predictions = np.where(right, labels, 1 - labels)[None, None]
    found = estimates._scored(
        "chosen", grid.task, predictions, labels, np.random.default_rng(1)
    )
    low, high = np.quantile(found.draws["accuracy"][0], [0.025, 0.975])
    resampled = np.random.default_rng(2).binomial(71, 68 / 71, 100_000) / 71
    assert low < np.quantile(resampled, 0.025)
    assert high <= 1


def test_the_choice_is_the_best_on_dev(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    choice = choose(only_grid(run), generator_for("test"))
    records = {r.trial.id: r.scores["dev"]["accuracy"] for r in run.records()}
    assert choice.naive["main"] == pytest.approx(max(records.values()))
    assert records[choice.trial_ids[0]] == max(records.values())
    assert choice.optimism > 0
    assert choice.cross_fitted.how == "cross-fitted on dev"


@pytest.mark.parametrize(("fresh", "measured"), [(1, False), (3, False), (4, True)])
def test_the_spread_is_that_of_fresh_seeds_where_there_are_four(
    tmp_path, fresh, measured
):
    """Score and draws stay those of the grid; so does the number of seeds."""
    options = synthetic.Synthetic(tasks=("RTE",), test_labels=("RTE",))
    run = synthetic.make_run(tmp_path, options)
    before = only_grid(run)
    rng = np.random.default_rng(0)
    repeated = {
        split: rng.integers(0, 2, (fresh, labels.size))
        for split, labels in before.labels.items()
    }
    after = replace(before, repeats=Repeats(("x",) * fresh, repeated))
    for split in ("dev", "test"):
        plain, found = (
            estimate(grid, split, generator_for("test")) for grid in (before, after)
        )
        assert (plain.scores, plain.seeds) == (found.scores, found.seeds)
        np.testing.assert_array_equal(plain.draws["main"], found.draws["main"])
        if not measured:
            assert plain.seed_error == found.seed_error
            continue
        scores = (repeated[split] == before.labels[split]).mean(axis=1)
        sd = found.seed_error["main"].sd
        assert sd == pytest.approx(np.std(scores, ddof=1))
        assert f"over {fresh} fresh seeds" in found.seed_note
    choice = choose(after, generator_for("test"))
    scores = (repeated["dev"] == before.labels["dev"]).mean(axis=1)
    np.testing.assert_allclose(choice.repeated, scores)


def test_fresh_seeds_that_all_collapse_say_nothing_of_seeds(tmp_path):
    """They score the same, and the chosen one, on a seed that did not, much more."""
    before = only_grid(
        synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    )
    repeated = {"dev": np.ones((4, before.labels["dev"].size), int)}
    after = replace(before, repeats=Repeats(("x",) * 4, repeated))
    plain, found = (estimate(g, "dev", generator_for("t")) for g in (before, after))
    assert found.seed_error == plain.seed_error
    assert found.seed_error["main"].sd > 0


def test_each_seed_of_the_grid_makes_its_own_choice(tmp_path):
    """As a published number is the best of one grid; the score is their mean."""
    options = synthetic.Synthetic(tasks=("RTE",), test_labels=("RTE",), seeds=4)
    run = synthetic.make_run(tmp_path, options)
    grid = only_grid(run)
    best = {}
    for record in run.records():
        seed, score = record.trial.seed, record.scores["dev"]["accuracy"]
        if seed not in best or score > best[seed].scores["dev"]["accuracy"]:
            best[seed] = record
    found = estimate(grid, "test", generator_for("test"))
    assert set(found.trial_ids) == {record.trial.id for record in best.values()}
    scores = [record.scores["test"]["accuracy"] for record in best.values()]
    assert found.scores["accuracy"] == pytest.approx(np.mean(scores))
    error = found.seed_error["accuracy"]
    assert error.sd == pytest.approx(np.std(scores, ddof=1))
    assert (error.freedom, error.how == GUESSED) == (3, False)
    naive = [record.scores["dev"]["accuracy"] for record in best.values()]
    choice = choose(grid, generator_for("test"))
    assert choice.naive["main"] == pytest.approx(np.mean(naive))


def test_a_test_split_is_scored_with_the_choice_on_dev(tmp_path):
    options = synthetic.Synthetic(tasks=("RTE",), test_labels=("RTE",))
    run = synthetic.make_run(tmp_path, options)
    grid = only_grid(run)
    found = estimate(grid, "test", generator_for("test"))
    (record,) = [r for r in run.records() if r.trial.id == found.trial_ids[0]]
    assert found.trial_ids == choose(grid, generator_for("test")).trial_ids
    assert found.scores["accuracy"] == pytest.approx(record.scores["test"]["accuracy"])
    assert found.examples == 3000
    assert found.seed_error["accuracy"].sd > 0


def test_the_diagnostic_set_is_scored_with_the_mnli_choice(tmp_path):
    options = synthetic.Synthetic(tasks=("MNLI",), test_labels=("AX",), rows=300)
    grid = only_grid(synthetic.make_run(tmp_path, options))
    found = estimate(grid, DIAGNOSTIC_SPLIT, generator_for("test"))
    assert found.task.name == "AX"
    assert set(found.scores) == {"matthews", "main"}


def test_what_cannot_be_scored_is_none(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",), fail=20))
    grid = only_grid(run)
    assert choose(grid, generator_for("test")) is None
    assert estimate(grid, "dev", generator_for("test")) is None
    assert estimate(grid, "test", generator_for("test")) is None


@pytest.mark.parametrize("task", ["CoLA", "STS-B", "WNLI"])
def test_constant_predictions_are_collapsed(tmp_path, task):
    options = synthetic.Synthetic(tasks=(task,), constant=True)
    grid = only_grid(synthetic.make_run(tmp_path, options))
    found = estimate(grid, "dev", generator_for("test"))
    assert found.collapsed == "constant predictions"
    assert all(np.all(np.isfinite(draws)) for draws in found.draws.values())


def test_generators_are_by_name():
    assert generator_for("a", "b").random() == generator_for("a", "b").random()
    assert generator_for("a", "b").random() != generator_for("b", "a").random()


def test_examples_and_choosing_are_told_apart_on_dev(monkeypatch):
    """Equal configurations: the halves' scores vary by luck alone, and the draws hold
    both what the examples do and that."""
    monkeypatch.setattr(estimates, "_collapse", lambda *_: None)
    rng = np.random.default_rng(0)
    grid = random_grid(rng, 0.7, 277, configurations=20)
    found = estimate(grid, "dev", rng)
    assert found.selection_sd["main"] > 0
    # Pooled over the halves, 1,000 draws in all: five standard errors of one.
    score = found.scores["main"]
    examples = np.sqrt(score * (1 - score) / 277)
    assert abs(found.examples_sd["main"] / examples - 1) < 5 / np.sqrt(2 * 1000)
    # The variance of all draws is that within the halves plus that between the means.
    between = found.draws["main"].reshape(estimates.HALVINGS, -1).mean(axis=1)
    both = np.hypot(found.examples_sd["main"], np.std(between))
    assert np.std(found.draws["main"]) == pytest.approx(both, rel=0.01)
    assert np.std(between) > 0
    assert set(found.optimism) == {"accuracy", "main"}
    assert found.optimism["main"] > 0


def test_a_split_that_did_not_choose_has_no_error_of_choosing(tmp_path):
    options = synthetic.Synthetic(tasks=("RTE",), test_labels=("RTE",))
    grid = only_grid(synthetic.make_run(tmp_path, options))
    found = estimate(grid, "test", generator_for("test"))
    assert set(found.selection_sd.values()) == {0.0}
    assert found.optimism == {}
    for name, draws in found.draws.items():
        assert found.examples_sd[name] == pytest.approx(np.std(draws, ddof=1))
