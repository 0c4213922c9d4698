"""A report of a run on GLUE is made of one, and of nothing else."""

import pytest

from reference.errors import InputError
from suite.run_kind import glue_run, kind_of
from tests.suite import synthetic


@pytest.fixture
def run(tmp_path):
    return synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",), rows=9))


def test_a_run_on_glue_is_told(run):
    assert glue_run(run) == run.run()


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("python -m suite sweep --run-dir x", "sweep"),
        ("python -m suite reproduce", "sweep"),
        ("python -m suite knobs", "knobs"),
        ("python -m suite", ""),
        ("my own program", ""),
        ("", ""),
    ],
)
def test_the_verb_says_the_kind(command, kind):
    assert kind_of(command) == kind


@pytest.mark.parametrize(
    ("verb", "place"),
    [
        ("knobs", "knobs"),
        ("distill", "distillation"),
        ("squad", "squad"),
        ("pretrain", "pretraining"),
    ],
)
def test_a_run_of_another_kind_is_refused(run, verb, place):
    run.write_run(run.run() | {"command": f"python -m suite {verb} --seeds 3"})
    with pytest.raises(InputError, match=f"found one of {verb}; .* results/{place} by"):
        glue_run(run)


@pytest.mark.parametrize("key", ["command", "commit", "device", "seeds"])
def test_what_it_does_not_say_is_named(run, key):
    run.write_run({k: v for k, v in run.run().items() if k != key})
    with pytest.raises(InputError, match=f"run.json: expected {key}, found no such"):
        glue_run(run)


def test_a_run_without_trials_is_refused(run):
    (run.path / "trials.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match="expected trials, found none yet"):
        glue_run(run)
