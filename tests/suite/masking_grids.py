"""What two maskings are compared by, made up: grids, pairs of grids, and rows."""

import numpy as np

from suite.grids import Configuration, Grid
from suite.masking_effect import MaskingDifference
from suite.tasks import TASKS


def grid(labels, predictions, task="RTE"):
    """Of predictions [C, S, n]."""
    count, seeds = predictions.shape[:2]
    return Grid(
        task=TASKS[task],
        records=(),
        configurations=tuple(Configuration(8, i) for i in range(count)),
        seeds=tuple(range(1, seeds + 1)),
        trial_ids=tuple(tuple(f"t{i}{j}" for j in range(seeds)) for i in range(count)),
        predictions={"dev": predictions},
        labels={"dev": labels},
    )


def checkpoint(masking, seed, sha256=None, steps=10, **changes):
    """One of run.json, with what its own record says of its making."""
    made = {
        "masking": masking,
        "corpus": ["a.tfrecord"],
        "lower_case": True,
        "settings": {"num_train_steps": steps, "batch_size": 32, "seed": seed},
        "phases": [[steps, 32, f"digest of {masking}"]],
        "held_out": {"masked_lm_accuracy": seed / 100},
    }
    return {
        "name": "T",
        "masking": masking,
        "sha256": sha256 or f"{masking}{seed}",
        "seed": seed,
        "pretraining": made | changes,
    }


def checkpoints(pairs):
    return [
        checkpoint(masking, seed)
        for masking in ("whole-word", "wordpiece")
        for seed in range(pairs)
    ]


def grids_of_pairs(rng, skills, examples=277, configurations=2, task="RTE"):
    """Grids of pairs whose sides have `skills` [P, 2], on the same dev examples.

    A trial is right where an example's hardness, which all share, is below its skill
    but for noise: the true difference of a pair is nearly that of its skills.
    """
    labels = rng.integers(0, 2, examples)
    hardness = rng.random(examples)
    found = {}
    for seed, pair in enumerate(skills):
        for masking, skill in zip(("wordpiece", "whole-word"), pair, strict=True):
            noise = rng.normal(0, 0.1, (configurations, 1, examples))
            right = hardness + noise < skill
            predictions = np.where(right, labels, 1 - labels)
            found[f"{masking}{seed}", task] = grid(labels, predictions, task)
    return found


def row(*differences, low, high, **changes):
    """One row of RTE; numbers in points."""
    mean = sum(differences) / len(differences) / 100
    about = {
        "model": "BERT-Tiny",
        "task": "RTE",
        "metric": "accuracy",
        "wordpiece": 0.5,
        "whole_word": 0.5 + mean,
        "differences": tuple(points / 100 for points in differences),
        "known": True,
        "fixed": False,
        "constant": 0.0,
        "low": low / 100,
        "high": high / 100,
        "error": 0.01,
        "p": 0.2,
        "at_floor": False,
        "tried": len(differences),
        "configurations": 20,
        "seeds": 2,
        "examples": 2770,
        "degenerate": 0,
        "trial_ids": ("a",) * 80,
    }
    return MaskingDifference(**about | changes)
