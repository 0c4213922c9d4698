"""`sweep` as a user types it: planned, begun and resumed, refused."""

import json
import re

import pytest

from suite import recorded_sweep
from suite.records import RunDirectory
from tests.suite.cli_place import listing
from tests.suite.made_up import MadeUp


@pytest.fixture
def words(place, monkeypatch) -> list:
    """A command line with all it needs, whose trials are made up."""
    monkeypatch.setattr(recorded_sweep, "open_executor", MadeUp())
    return [
        *("sweep", "--checkpoint", place / "checkpoint", "--glue-dir", place / "glue"),
        *("--run-dir", place / "run", "--tasks", "RTE"),
    ]


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(typed, words, place):
    before = listing(place)
    ended = typed(*words, "--seeds", 3, "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"RTE +8 +4 +1 +1,245 +39,840", ended.out)
    assert re.search(r"RTE +selected +2 +– +– +19,920", ended.out)
    assert re.search(r"All +22 +5 ", ended.out)
    assert "No estimate of time" in ended.out
    assert listing(place) == before


def test_a_sweep_with_seeds(typed, words, place):
    ended = typed(*words, "--seeds", 3)
    assert (ended.code, ended.err) == (0, "")
    assert f"All 22 trials are recorded in {place / 'run'}" in ended.out
    assert re.search(r"22 of 22 trials, .*best on dev: RTE \d", ended.out)
    seeds = [record.trial.seed for record in RunDirectory(place / "run").records()]
    assert [seeds.count(seed) for seed in (1, 2, 3)] == [20, 1, 1]
    plan = json.loads((place / "run/plan.json").read_text())
    assert [len(stack["trials"]) for stack in plan["stacks"]] == [4] * 5 + [2]
    before = listing(place)
    assert typed(*words, "--seeds", 3).code == 0
    assert listing(place) == before
    assert "Nothing to run: all 22" in typed(*words, "--seeds", 3, "--dry-run").out


def test_whole_grids_on_several_seeds(typed, words, place):
    assert typed(*words, "--seeds", 3, "--grid-seeds", 2).code == 0
    seeds = [record.trial.seed for record in RunDirectory(place / "run").records()]
    assert [seeds.count(seed) for seed in (1, 2, 3)] == [20, 20, 1]


def test_the_plan_is_not_changed_on_the_way(typed, words, place):
    assert typed(*words, "--stack", 2).code == 0
    before = listing(place)
    ended = typed(*words, "--stack", 4, "--seeds", 3)
    assert ended.code == 2
    assert re.search(r"plan\.json: .* begun with --stack 2, found --stack 4", ended.err)
    assert listing(place) == before


def test_resources_need_a_cluster(typed, words, place):
    before = listing(place)
    ended = typed(*words, "--gpus", 1)
    assert ended.code == 2
    assert "--gpus, --tpus: " in ended.err
    assert listing(place) == before
