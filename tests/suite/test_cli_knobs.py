"""`knobs` as a user types it."""

import pytest

from suite import recorded_sweep
from suite.records import RunDirectory
from tests.suite.cli_place import listing
from tests.suite.made_up import MadeUp


@pytest.fixture
def words(place, monkeypatch) -> list:
    monkeypatch.setattr(recorded_sweep, "open_executor", MadeUp())
    return [
        *("knobs", "--checkpoint", place / "checkpoint", "--glue-dir", place / "glue"),
        *("--run-dir", place / "run", "--task", "RTE"),
    ]


def test_every_knob_on_every_seed(typed, words, place):
    ended = typed(*words, "--seeds", 3)
    assert (ended.code, ended.err) == (0, "")
    assert f"All 33 trials are recorded in {place / 'run'}" in ended.out
    assert "| RTE | bias-correction | 3 |" in ended.out
    run = RunDirectory(place / "run")
    assert len({record.trial.variation for record in run.records()}) == 11
    assert run.run()["variations"][0] == "bias-correction"
    before = listing(place)
    assert typed(*words, "--seeds", 3).code == 0
    assert listing(place) == before
    # A seed more is run, and nothing again.
    again = typed(*words, "--seeds", 4)
    assert "All 44 trials are recorded" in again.out


def test_some_knobs(typed, words, place):
    ended = typed(*words, "--only", "no-dropout, exact-gelu", "--seeds", 2)
    assert "All 6 trials" in ended.out


def test_many_seeds(typed, words):
    """More than of which the signs can be enumerated."""
    ended = typed(*words, "--only", "no-dropout", "--seeds", 21)
    assert (ended.code, ended.err) == (0, "")
    assert "| RTE | no-dropout | 21 |" in ended.out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--only", ","], "--only: none named; known: bias-correction"),
        (["--only", "louder"], "unknown knob 'louder': expected one of"),
        (["--seeds", 1], "greater than or equal to 2"),
        (["--task", "RET"], "unknown task 'RET'"),
    ],
)
def test_refusals(typed, words, more, said):
    ended = typed(*words, *more)
    assert ended.code == 2
    assert said in ended.err
