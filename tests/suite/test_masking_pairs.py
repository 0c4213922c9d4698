"""Which pre-trainings make a pair, and the trials that all pairs of a task share."""

from dataclasses import replace

import numpy as np
import pytest

from suite.grids import Configuration
from suite.masking_pairs import checkpoint_pairs, compared_trials
from suite.records import Trial, TrialRecord
from tests.suite.masking_grids import grid

LABELS = np.arange(6) % 2
FOUR, TWO = (8, 16, 32, 64), (8, 32)


def finished(name, batches=FOUR, seeds=(1,), labels=LABELS):
    """A grid of which every trial's id and predictions say what it is."""
    shape = len(batches), len(seeds)
    own = np.array([[batch + seed for seed in seeds] for batch in batches])
    return replace(
        grid(labels, np.broadcast_to(own[:, :, None], (*shape, labels.size))),
        configurations=tuple(Configuration(batch, 1e-4) for batch in batches),
        seeds=tuple(seeds),
        trial_ids=tuple(tuple(f"{name}-{b}-{s}" for s in seeds) for b in batches),
    )


def pair(name, *how, **more):
    return tuple(finished(f"{name}{side}", *how, **more) for side in "ab")


def checkpoint(masking, seed, number=0):
    sha256 = f"{masking}{seed}{'x' * number}"
    return {"name": "T", "masking": masking, "sha256": sha256, "seed": seed}


def test_all_pairs_have_the_trials_that_each_of_them_has():
    """The whole grid on one seed, two configurations on three, another two."""
    found = compared_trials(
        [pair("x"), pair("y", TWO, seeds=(1, 2, 3)), pair("z", (64, 32, 8))]
    )
    assert (found.configurations, found.seeds, found.tried) == (2, 1, 3)
    assert found.predictions.shape == (3, 2, 2, LABELS.size)
    assert found.trial_ids == tuple(
        f"{name}{side}-{batch}-1" for name in "xyz" for side in "ab" for batch in TWO
    )
    assert np.all(found.predictions == [[9], [33]])


def test_a_pair_that_shares_nothing_is_left_out_and_counted():
    found = compared_trials([pair("x", (128,)), pair("y"), pair("z", TWO)])
    assert (len(found.predictions), found.tried, found.configurations) == (2, 3, 2)
    assert {trial_id[0] for trial_id in found.trial_ids} == {"y", "z"}
    found = compared_trials([pair("x", seeds=(2,)), pair("y"), pair("z")])
    assert {trial_id[0] for trial_id in found.trial_ids} == {"y", "z"}


def test_more_pairs_go_before_more_trials_and_more_trials_before_order():
    chain = [pair("x", (8, 16)), pair("y", (16, 32, 64)), pair("z", (32, 64, 128))]
    found = compared_trials(chain)
    assert {trial_id[0] for trial_id in found.trial_ids} == {"y", "z"}
    found = compared_trials([*chain, pair("w", (8, 16))])
    assert {trial_id[0] for trial_id in found.trial_ids} == {"x", "y", "w"}
    assert found.configurations == 1


def test_other_dev_examples_are_never_pooled():
    other = 1 - LABELS
    assert compared_trials([(finished("a"), finished("b", labels=other))]) is None
    found = compared_trials([pair("x", labels=other), pair("y"), pair("z", TWO)])
    assert (len(found.predictions), found.tried) == (2, 3)
    np.testing.assert_array_equal(found.labels, LABELS)


def test_without_dev_predictions_or_pairs_nothing_is_compared():
    one, other = pair("x")
    assert compared_trials([(one, replace(other, predictions={}))]) is None
    assert compared_trials([]) is None


def test_degenerate_trials_are_counted_where_they_are_compared():
    one, other = pair("x")
    records = [
        TrialRecord(
            trial=Trial("c", "RTE", "d", batch, 1e-4, 1),
            model="T",
            masking="wordpiece",
            status="finished",
            reason=None,
            degenerate="constant predictions" if batch < 64 else None,
            scores={"dev": {"accuracy": 0.5}},
            losses=[0.7],
            seconds=1.0,
            ran={},
        )
        for batch in FOUR
    ]
    ids = tuple((record.trial.id,) for record in records)
    one = replace(one, records=tuple(records), trial_ids=ids)
    assert compared_trials([(one, other)]).degenerate == 3
    assert compared_trials([(one, other), pair("y", (16, 64))]).degenerate == 1


@pytest.mark.parametrize("masking", ["wordpiece", "whole-word"])
def test_seeds_that_one_side_lacks_do_not_shift_the_others(masking):
    """As by order they would: the second of one side has the first one's seed."""
    checkpoints = [
        checkpoint(m, s) for m in ("wordpiece", "whole-word") for s in (2, 1)
    ]
    assert checkpoint_pairs([checkpoint(masking, 0), *checkpoints]) == {
        "T": [("wordpiece1", "whole-word1"), ("wordpiece2", "whole-word2")]
    }


def test_without_seeds_the_order_pairs():
    checkpoints = [
        checkpoint(masking, None, number)
        for number in (0, 1)
        for masking in ("whole-word", "wordpiece")
    ]
    assert checkpoint_pairs(checkpoints) == {
        "T": [
            ("wordpieceNone", "whole-wordNone"),
            ("wordpieceNonex", "whole-wordNonex"),
        ]
    }
    assert checkpoint_pairs(checkpoints[:1]) == {}
