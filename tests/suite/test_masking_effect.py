"""The paired difference of two maskings: pairing, coverage, what one pair can show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from suite.grids import Configuration, Grid, load_grids
from suite.masking_effect import checkpoint_pairs, compare_maskings
from suite.records import RunDirectory
from suite.tasks import TASKS

CHECKPOINTS = [
    {"name": "BERT-Tiny", "masking": "wordpiece", "sha256": "a"},
    {"name": "BERT-Tiny", "masking": "whole-word", "sha256": "b"},
]


def grid(labels, predictions):
    count = len(predictions)
    return Grid(
        task=TASKS["RTE"],
        records=(),
        configurations=tuple(Configuration(8, i) for i in range(count)),
        seeds=(1,),
        trial_ids=tuple((f"t{i}",) for i in range(count)),
        predictions={"dev": predictions},
        labels={"dev": labels},
    )


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
    assert {(row.pairs, row.sign_flip.p) for row in rows} == {(1, 1.0)}


def test_several_pre_training_seeds_are_paired_by_seed():
    checkpoints = [
        {"name": "T", "masking": masking, "sha256": f"{masking}{seed}", "seed": seed}
        for masking in ("whole-word", "wordpiece")
        for seed in (1, 0)
    ]
    assert checkpoint_pairs(checkpoints) == {
        "T": [("wordpiece0", "whole-word0"), ("wordpiece1", "whole-word1")]
    }
    rng = np.random.default_rng(0)
    grids = {}
    for seed in (0, 1):
        made = random_grids(rng, difference=0.3)
        grids[f"wordpiece{seed}", "RTE"] = made["a", "RTE"]
        grids[f"whole-word{seed}", "RTE"] = made["b", "RTE"]
    (row,) = compare_maskings(checkpoints, grids)
    assert row.pairs == 2
    assert (row.sign_flip.p, row.sign_flip.smallest) == (0.5, 0.5)
    assert row.low > 0.2


def test_a_task_that_one_pair_was_not_run_on_is_of_the_other():
    checkpoints = [
        one | {"sha256": f"{one['sha256']}{seed}", "seed": seed}
        for one in CHECKPOINTS
        for seed in (0, 1)
    ]
    made = random_grids(np.random.default_rng(0))
    grids = {(f"{sha256}1", task): own for (sha256, task), own in made.items()}
    (row,) = compare_maskings(checkpoints, grids)
    assert (row.pairs, row.task) == (1, "RTE")


def test_unlike_dev_sets_are_not_paired():
    grids = random_grids(np.random.default_rng(0))
    other = random_grids(np.random.default_rng(1))
    grids["b", "RTE"] = other["b", "RTE"]
    assert compare_maskings(CHECKPOINTS, grids) == []


def test_one_masking_alone_is_no_comparison():
    grids = random_grids(np.random.default_rng(0))
    assert compare_maskings(CHECKPOINTS[:1], grids) == []
    assert checkpoint_pairs(CHECKPOINTS[1:]) == {}
