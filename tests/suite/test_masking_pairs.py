"""Which pre-trainings make a pair, and the trials that all pairs of a task share."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from suite.grids import Configuration
from suite.masking_pairs import checkpoint_pairs, compared_trials
from suite.records import Trial, TrialRecord
from tests.suite import masking_grids
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
    (found,) = checkpoint_pairs([checkpoint(masking, 0), *checkpoints])
    assert found.hashes == [
        ("wordpiece1", "whole-word1"),
        ("wordpiece2", "whole-word2"),
    ]
    assert (found.name, found.known) == ("T", False)


def test_without_seeds_the_order_pairs():
    checkpoints = [
        checkpoint(masking, None, number)
        for number in (0, 1)
        for masking in ("whole-word", "wordpiece")
    ]
    (found,) = checkpoint_pairs(checkpoints)
    assert found.hashes == [
        ("wordpieceNone", "whole-wordNone"),
        ("wordpieceNonex", "whole-wordNonex"),
    ]
    assert checkpoint_pairs(checkpoints[:1]) == []


def test_records_that_differ_in_masking_and_seed_alone_make_pairs():
    """As of one command: masks and metrics differ, the seed is the trial's."""
    (found,) = checkpoint_pairs(masking_grids.checkpoints(3))
    assert (found.name, found.known) == ("T", True)
    assert found.hashes == [(f"wordpiece{s}", f"whole-word{s}") for s in range(3)]


def test_fixed_masks_are_told_from_those_drawn_at_each_step():
    fixed = masking_grids.checkpoints(1)
    drawn = copy.deepcopy(fixed)
    for one in drawn:
        one["pretraining"]["settings"]["dynamic_masking"] = 0.15
        one["pretraining"]["phases"] = [[10, 32, "digest of the text"]]
    assert [found.fixed for found in checkpoint_pairs(fixed)] == [True]
    assert [found.fixed for found in checkpoint_pairs(drawn)] == [False]


@pytest.mark.parametrize(
    "changes",
    [
        {"corpus": ["b.tfrecord"]},
        {"lower_case": False},
        {"phases": [[9, 32, "d"], [1, 32, "e"]]},
        {"settings": {"num_train_steps": 20, "batch_size": 32, "seed": 1}},
    ],
)
def test_checkpoints_that_are_known_to_differ_make_no_pair(changes):
    one = masking_grids.checkpoint("wordpiece", 1)
    other = masking_grids.checkpoint("whole-word", 1)
    assert checkpoint_pairs([one, other])[0].known
    changed = other | {"pretraining": other["pretraining"] | changes}
    assert checkpoint_pairs([one, changed]) == []
    assert checkpoint_pairs([one, other | {"name": "U"}]) == []


def test_one_side_without_a_record_is_laid_beside_and_marked():
    one = masking_grids.checkpoint("wordpiece", 1)
    other = checkpoint("whole-word", 1)
    for given in ([one, other], [one, other | {"pretraining": {"masking": "x"}}]):
        (found,) = checkpoint_pairs(given)
        assert (found.hashes, found.known) == ([("wordpiece1", "whole-word1")], False)
    # What is known to fit goes first, and is taken once.
    fitting = masking_grids.checkpoint("whole-word", 1, sha256="fits")
    (found,) = checkpoint_pairs([one, other, fitting])
    assert (found.hashes, found.known) == ([("wordpiece1", "fits")], True)
    # What is known not to fit never does.
    unlike = masking_grids.checkpoint("whole-word", 1, "unlike", steps=99)
    (found,) = checkpoint_pairs([one, unlike, other])
    assert (found.hashes, found.known) == ([("wordpiece1", "whole-word1")], False)


def test_sides_that_are_known_to_differ_are_not_pooled_either():
    """Of both pairs one side has no record; the others took 10 steps and 20."""
    recorded = [
        masking_grids.checkpoint("wordpiece", seed, steps=10 * seed) for seed in (1, 2)
    ]
    others = [checkpoint("whole-word", seed) for seed in (1, 2)]
    found = checkpoint_pairs([*recorded, *others])
    assert [(f.name, f.hashes, f.known) for f in found] == [
        (
            f"T, pre-training not recorded ({seed})",
            [(f"wordpiece{seed}", f"whole-word{seed}")],
            False,
        )
        for seed in (1, 2)
    ]


def test_the_same_pre_training_made_again_is_no_second_pair():
    again = [masking_grids.checkpoint("wordpiece", 0, sha256="again")]
    (found,) = checkpoint_pairs([*masking_grids.checkpoints(1), *again])
    assert found.hashes == [("wordpiece0", "whole-word0")]


def test_ways_of_pre_training_are_kept_apart_and_named():
    made = [
        masking_grids.checkpoint(masking, seed, f"{masking}{seed}{steps}", steps)
        for steps in (2400, 10)
        for masking in ("wordpiece", "whole-word")
        for seed in (1, 2)
    ]
    found = checkpoint_pairs([*made, checkpoint("wordpiece", 3)])
    assert [(f.name, len(f.hashes)) for f in found] == [
        ("T, 2,400 steps", 2),
        ("T, 10 steps", 2),
    ]
    unknown = [checkpoint(masking, 3) for masking in ("wordpiece", "whole-word")]
    found = checkpoint_pairs([*unknown, *made[:4]])
    assert [(f.name, f.known) for f in found] == [
        ("T", True),
        ("T, pre-training not recorded", False),
    ]
