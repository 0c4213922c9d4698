"""Which pre-trainings are alike but for masking and seed, and how others are named."""

import itertools
import json

import pytest

from suite.environment import RESULTS
from suite.pretraining_kinds import alike_of, seed_of, told_apart
from tests.suite.masking_grids import checkpoint


def drawn(masking, seed, digest="d"):
    """As `pretrain --dynamic-masking` keeps it: both maskings read the same records."""
    made = checkpoint(masking, seed)
    settings = made["pretraining"]["settings"] | {"dynamic_masking": 0.15}
    changes = {"settings": settings, "phases": [[10, 32, digest]]}
    return made | {"pretraining": made["pretraining"] | changes}


@pytest.mark.parametrize("how", [checkpoint, drawn])
def test_of_one_command_all_are_alike(how):
    given = [how(m, seed) for m in ("wordpiece", "whole-word") for seed in (1, 2, 3)]
    assert len(set(map(alike_of, given))) == 1
    assert [seed_of(one) for one in given] == [1, 2, 3] * 2


def test_drawn_masks_leave_the_records_to_tell_texts_apart():
    one, other = drawn("wordpiece", 1), drawn("whole-word", 1, digest="of other text")
    assert alike_of(one) != alike_of(other)
    assert alike_of(one) != alike_of(checkpoint("whole-word", 1))


def test_without_a_record_nothing_is_known():
    made = checkpoint("wordpiece", 1)
    for nothing in ({}, None, {"masking": "wordpiece"}):
        assert alike_of(made | {"pretraining": nothing}) is None
        assert seed_of(made | {"pretraining": nothing, "seed": 7}) == 7
    assert seed_of({"name": "T"}) is None


def test_recorded_runs_are_alike():
    """Of the project's own runs those under both maskings are alike but for it."""
    paths = [*RESULTS.glob("runs/*/run.json"), *RESULTS.glob("masking/*/run.json")]
    made = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    both = [
        own["checkpoints"]
        for own in made
        if {one["masking"] for one in own["checkpoints"]} == {"wordpiece", "whole-word"}
    ]
    assert both
    for checkpoints in both:
        assert len({alike_of(one) for one in checkpoints}) == 1


def test_kinds_are_named_by_what_differs():
    seeds = itertools.count()

    def made(steps, corpus="a", **settings):
        own = {"num_train_steps": steps, "seed": next(seeds), **settings}
        return {"settings": own, "corpus": list(corpus)}

    assert told_apart([made(10)]) == [""]
    assert told_apart([made(2400), made(10)]) == ["2,400 steps", "10 steps"]
    assert told_apart([made(10, learning_rate=0.1), made(10, learning_rate=0.2)]) == [
        "learning_rate 0.1",
        "learning_rate 0.2",
    ]
    assert told_apart([made(10, "ab"), made(20, "b")]) == [
        "10 steps, on a …",
        "20 steps, on b",
    ]
    assert told_apart([made(10), made(10)]) == ["kind 1", "kind 2"]
