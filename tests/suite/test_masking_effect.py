"""The paired difference of two maskings: coverage, and what few pairs can show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from suite.grids import load_grids
from suite.masking_effect import compare_maskings
from suite.power import smallest_effect
from suite.records import RunDirectory
from suite.statistics import holm
from tests.suite.masking_grids import checkpoint, checkpoints, grid, grids_of_pairs

CHECKPOINTS = [
    {"name": "BERT-Tiny", "masking": "wordpiece", "sha256": "a"},
    {"name": "BERT-Tiny", "masking": "whole-word", "sha256": "b"},
]


def random_grids(rng, examples=277, configurations=3, difference=0.0):
    """Both sides share how hard each example is, as real models do."""
    labels = rng.integers(0, 2, examples)
    hardness = rng.random(examples)
    grids = {}
    for sha256, skill in (("a", 0.6), ("b", 0.6 + difference)):
        noise = rng.normal(0, 0.2, (configurations, 1, examples))
        right = hardness + noise < skill
        grids[sha256, "RTE"] = grid(labels, np.where(right, labels, 1 - labels))
    return grids


def grids_of_seeds(skills, examples=4000):
    """Of one pair, of which each fine-tuning seed has its own `skills` [2, S]."""
    labels = np.zeros(examples, int)
    places = (np.arange(examples) + 0.5) / examples
    wrong = places >= np.array(skills)[:, None, :, None]  # [2, 1, S, n]
    sides = zip("ab", wrong.astype(int), strict=True)
    return {(sha256, "RTE"): grid(labels, own) for sha256, own in sides}


def test_coverage_of_the_paired_interval(monkeypatch):
    monkeypatch.setattr("suite.masking_effect._RESAMPLES", 300)
    runs, covered = 300, 0
    rng = np.random.default_rng(0)
    for _ in range(runs):
        (row,) = compare_maskings(CHECKPOINTS, random_grids(rng))
        covered += row.low <= 0 <= row.high
    low, high = stats.binom.interval(1 - 1e-4, runs, 0.95)
    # Draws of the generator repeat by name, which only ties the runs together.
    assert low <= covered <= high


def test_seeds_are_paired_by_what_they_are():
    """One side was run on seeds 1 and 2, the other on 2 and 3."""
    labels = np.zeros(4, int)
    right, wrong = np.zeros((1, 1, 4), int), np.ones((1, 1, 4), int)
    sides = {
        "a": ((1, 2), np.concatenate([wrong, right], axis=1)),
        "b": ((2, 3), np.concatenate([right, wrong], axis=1)),
    }
    grids = {
        (sha256, "RTE"): replace(
            grid(labels, predictions),
            seeds=seeds,
            trial_ids=(tuple(f"{sha256}{seed}" for seed in seeds),),
        )
        for sha256, (seeds, predictions) in sides.items()
    }
    (row,) = compare_maskings(CHECKPOINTS, grids)
    assert (row.wordpiece, row.whole_word) == (1.0, 1.0)
    assert row.trial_ids == ("a2", "b2")
    grids["b", "RTE"] = replace(grids["b", "RTE"], seeds=(3, 4))
    assert compare_maskings(CHECKPOINTS, grids) == []


def test_pairing_uses_shared_configurations_only(small_run):
    run = RunDirectory(small_run)
    grids = load_grids(run)
    rows = compare_maskings(run.run()["checkpoints"], grids)
    assert [(row.task, row.metric) for row in rows] == [
        ("MRPC", "f1"),
        ("MRPC", "accuracy"),
        ("STS-B", "pearson"),
        ("STS-B", "spearman"),
    ]
    accuracy = rows[1]
    scores = {
        r.trial.id: r.scores["dev"]["accuracy"]
        for r in run.records()
        if r.trial.task == "MRPC" and r.scores
    }
    half = len(accuracy.trial_ids) // 2
    one = np.mean([scores[i] for i in accuracy.trial_ids[:half]])
    other = np.mean([scores[i] for i in accuracy.trial_ids[half:]])
    assert accuracy.configurations == 6
    assert accuracy.wordpiece == pytest.approx(one)
    assert accuracy.difference == pytest.approx(other - one)
    assert accuracy.low <= accuracy.difference <= accuracy.high


def test_one_pair_can_show_nothing_about_masking(small_run):
    run = RunDirectory(small_run)
    rows = compare_maskings(run.run()["checkpoints"], load_grids(run))
    assert {(row.pairs, row.sign_flip.p, row.known) for row in rows} == {(1, 1.0, 0)}


def test_coverage_over_several_pairs(monkeypatch):
    """Pairs whose true differences vary around 5 points, and shared examples.

    What seeds and examples do together is counted twice, so it may cover more often.
    """
    monkeypatch.setattr("suite.masking_effect._RESAMPLES", 200)
    runs, covered = 200, {2: 0, 4: 0}
    rng = np.random.default_rng(1)
    for pairs in covered:
        for _ in range(runs):
            first = rng.normal(0.6, 0.02, pairs)
            skills = np.stack([first, first + rng.normal(0.05, 0.05, pairs)], axis=1)
            found = grids_of_pairs(rng, skills)
            (row,) = compare_maskings(checkpoints(pairs), found)
            covered[pairs] += row.low <= 0.05 <= row.high
    least = stats.binom.ppf(1e-4, runs, 0.95)
    assert min(covered.values()) >= least


def test_examples_are_resampled_for_all_pairs_together():
    """Where whole word gains on the same examples in each pair, they do not average
    out: four pairs alike know no more than one of them."""
    labels = np.zeros(400, int)
    wordpiece = np.ones((1, 1, 400), int)
    whole_word = np.where(np.arange(400) < 100, 0, 1)[None, None]
    sides = {"wordpiece": wordpiece, "whole-word": whole_word}
    grids = {
        (f"{masking}{seed}", "RTE"): grid(labels, predictions)
        for masking, predictions in sides.items()
        for seed in range(4)
    }
    (row,) = compare_maskings(checkpoints(4), grids)
    (of_one,) = compare_maskings(checkpoints(1), grids)
    assert row.differences == (0.25,) * 4
    # A share of a quarter of 400; an sd of 250 draws is good to 5 / sqrt(500).
    sd = np.sqrt(0.25 * 0.75 / 400)
    assert row.error == pytest.approx(sd, rel=5 / np.sqrt(500))
    # The quantiles of 250 draws (repeated) and of 1,000 each have the standard error
    # sqrt(0.025 * 0.975 / draws) over the normal density there, 0.0584: four of both.
    # Were the pairs resampled apart, the ends would be nearer by 0.98 sd.
    far = 4 * sd * np.sqrt(0.025 * 0.975 * (1 / 250 + 1 / 1000)) / 0.0584
    assert far < 0.98 * sd
    assert (row.low, row.high) == pytest.approx((of_one.low, of_one.high), abs=far)


def test_pairs_that_differ_widen_the_interval_by_students_t():
    rng = np.random.default_rng(0)
    skills = [(0.5, 0.5), (0.5, 0.9)]
    (row,) = compare_maskings(checkpoints(2), grids_of_pairs(rng, skills, 2000))
    alone = stats.ttest_1samp(row.differences, 0.0).confidence_interval(0.95)
    # Examples add little to it. Of 2,500 draws the quantile of Student's t with one
    # degree of freedom has a standard error of an eighth: four of these.
    assert row.low == pytest.approx(alone.low, rel=0.5)
    assert row.high == pytest.approx(alone.high, rel=0.5)
    assert (row.pairs, row.sign_flip.p, row.sign_flip.smallest) == (2, 0.5, 0.5)
    assert not row.apart
    assert row.smallest > 1.0  # beyond any score: two such pairs see nothing
    assert row.chance(0.0102) < 0.06


def test_of_one_pair_the_interval_holds_the_fine_tuning_seeds():
    """Examples hardly vary, seeds by tens of points: Student's interval of these."""
    skills = [(0.5, 0.5, 0.5, 0.5), (0.8, 0.4, 0.7, 0.5)]
    (row,) = compare_maskings(CHECKPOINTS, grids_of_seeds(skills))
    by_seed = np.subtract(*reversed(np.array(skills)))
    alone = stats.ttest_1samp(by_seed, 0.0).confidence_interval(0.95)
    assert (row.difference, row.seeds) == pytest.approx((0.1, 4))
    # Of 2,500 draws the quantile of Student's t with three degrees of freedom has a
    # standard error of a twentieth: four of these. Examples add little to it.
    assert row.low == pytest.approx(alone.low, abs=0.2 * (0.1 - alone.low))
    assert row.high == pytest.approx(alone.high, abs=0.2 * (alone.high - 0.1))
    assert row.error == pytest.approx(stats.sem(by_seed), rel=0.02)
    assert not row.apart
    # What could be seen is of the same error, three degrees of freedom.
    assert row.smallest == pytest.approx(smallest_effect(row.error, 3))
    assert row.chance(row.smallest) == pytest.approx(0.8)
    # With the first seed alone nothing says so.
    (first,) = compare_maskings(
        CHECKPOINTS, grids_of_seeds([side[:1] for side in skills])
    )
    assert first.seeds == 1
    assert first.low > 0.2


def test_coverage_over_fine_tuning_seeds(monkeypatch):
    """Seeds whose true differences vary around 2 points, of one pair."""
    monkeypatch.setattr("suite.masking_effect._RESAMPLES", 200)
    runs, covered = 200, 0
    rng = np.random.default_rng(2)
    for _ in range(runs):
        first = rng.normal(0.6, 0.02, 3)
        skills = np.stack([first, first + rng.normal(0.02, 0.05, 3)])
        (row,) = compare_maskings(CHECKPOINTS, grids_of_seeds(skills, 400))
        covered += row.low <= 0.02 <= row.high
    assert covered >= stats.binom.ppf(1e-4, runs, 0.95)


def test_two_lengths_of_pre_training_are_never_pooled():
    rng = np.random.default_rng(0)
    given, made = [], {}
    for steps, skills in ((10, [(0.5, 0.5)]), (2400, [(0.5, 0.9), (0.5, 0.9)])):
        for (sha256, task), own in grids_of_pairs(rng, skills).items():
            made[f"{sha256}{steps}", task] = own
        given += [
            checkpoint(masking, seed, f"{masking}{seed}{steps}", steps)
            for masking in ("wordpiece", "whole-word")
            for seed in range(len(skills))
        ]
    short, long = compare_maskings(given, made)
    assert (short.model, short.pairs, short.known) == ("T, 10 steps", 1, True)
    assert (long.model, long.pairs, long.known) == ("T, 2,400 steps", 2, True)
    assert abs(short.difference) < 0.1 < 0.3 < long.difference


def test_a_p_that_no_draw_bounds_is_at_the_floor(monkeypatch):
    """Thirty rows of which each is surely apart remain so after Holm's correction."""
    monkeypatch.setattr("suite.masking_effect._RESAMPLES", 1000)
    sure = random_grids(np.random.default_rng(0), difference=0.3)
    (row,) = compare_maskings(CHECKPOINTS, sure)
    assert row.at_floor
    assert row.p == pytest.approx(2 / 4001)
    assert 30 * row.p < 0.05
    unsure = random_grids(np.random.default_rng(0))
    (row,) = compare_maskings(CHECKPOINTS, unsure)
    assert not row.at_floor


def test_what_two_given_checkpoints_could_show():
    """Of one pair the error is the examples', and known: (1.96 + 0.84) of it."""
    (row,) = compare_maskings(
        CHECKPOINTS, random_grids(np.random.default_rng(0), difference=0.3)
    )
    seen = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert row.smallest == pytest.approx(seen * row.error)
    assert row.chance(row.smallest) == pytest.approx(0.8)
    assert row.low > 0.2
    assert row.apart
    assert row.remains


def test_holm_is_over_all_rows():
    rng = np.random.default_rng(3)
    made = grids_of_pairs(rng, [(0.6, 0.68)])
    (alone,) = compare_maskings(checkpoints(1), made)
    made |= grids_of_pairs(rng, [(0.6, 0.6)], task="MRPC")
    rows = compare_maskings(checkpoints(1), made)
    assert [row.task for row in rows] == ["RTE", "MRPC", "MRPC"]
    corrected = holm(np.array([alone.p, 1.0, 1.0]))
    assert rows[0].p == pytest.approx(corrected[0]) == pytest.approx(3 * alone.p)


def test_what_never_varies_could_show_nothing():
    same = np.zeros((2, 1, 30), int)
    grids = {(sha256, "RTE"): grid(np.arange(30) % 2, same) for sha256 in "ab"}
    (row,) = compare_maskings(CHECKPOINTS, grids)
    assert (row.low, row.high, row.p) == (0.0, 0.0, 1.0)
    assert (row.smallest, row.chance(0.01)) == (None, None)


def test_a_task_that_one_pair_was_not_run_on_is_of_the_other():
    given = [
        one | {"sha256": f"{one['sha256']}{seed}", "seed": seed}
        for one in CHECKPOINTS
        for seed in (0, 1)
    ]
    made = random_grids(np.random.default_rng(0))
    grids = {(f"{sha256}1", task): own for (sha256, task), own in made.items()}
    (row,) = compare_maskings(given, grids)
    assert (row.pairs, row.tried, row.task) == (1, 1, "RTE")


def test_unlike_dev_sets_are_not_paired():
    grids = random_grids(np.random.default_rng(0))
    other = random_grids(np.random.default_rng(1))
    grids["b", "RTE"] = other["b", "RTE"]
    assert compare_maskings(CHECKPOINTS, grids) == []


def test_one_masking_alone_is_no_comparison():
    grids = random_grids(np.random.default_rng(0))
    assert compare_maskings(CHECKPOINTS[:1], grids) == []
