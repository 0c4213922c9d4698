"""`sweep` as a user types it: planned, begun and resumed, refused."""

import json
import re

import pytest

from suite import recorded_sweep
from suite.alone import alone_in
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


PART = ("--batch-size", 16, 8, "--learning-rate", 1e-4)


def lists_of(run) -> tuple:
    described = RunDirectory(run).run()
    return described.get("batch_sizes"), described.get("learning_rates")


def test_a_part_of_the_grid_is_planned(typed, words, place):
    before = listing(place)
    ended = typed(*words, *PART, "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "Batch sizes 8, 16: not as documented.\n"
        "Learning rates 0.0001: not as documented.\n"
    )
    assert re.search(r"All +2 +2 ", ended.out)
    assert listing(place) == before
    assert "not as documented" not in typed(*words, "--dry-run").out
    ended = typed(
        *words, "--learning-rate", "5e-5", "--learning-rate", 1e-5, "--dry-run"
    )
    assert ended.out.startswith("Learning rates 5e-05, 1e-05: not as documented.\n")
    assert re.search(r"All +10 +5 ", ended.out)


def test_a_part_of_the_grid_is_run_and_the_rest_is_added(typed, words, place):
    run = place / "run"
    assert typed(*words, *PART).code == 0
    records = RunDirectory(run).records()
    assert sorted((r.trial.batch_size, r.trial.learning_rate) for r in records) == [
        (8, 1e-4),
        (16, 1e-4),
    ]
    assert lists_of(run) == ([8, 16], [1e-4])
    ended = typed(*words, "--batch-size", 8, 256, "--learning-rate", 3e-4)
    assert "All 2 trials are recorded" in ended.out
    assert lists_of(run) == ([8, 16, 256], [3e-4, 1e-4])
    ended = typed(*words, "--seeds", 2)
    assert "All 21 trials are recorded" in ended.out
    assert lists_of(run) == ([8, 16, 32, 64, 128, 256], None)
    records = RunDirectory(run).records()
    assert len(records) == len({r.trial.id for r in records}) == 20 + 1 + 1
    before = listing(place)
    assert typed(*words, "--seeds", 2).code == 0
    assert typed(*words, *PART).code == 0
    assert listing(place) == before
    assert typed("report", run, "--reports-dir", place / "tables").code == 0


def test_the_documented_lists_in_any_order_are_the_documented_ones(typed, words, place):
    rates = ("--learning-rate", 3e-5, 3e-4, 5e-5, 1e-4)
    assert typed(*words, *rates, "--batch-size", 8).code == 0
    assert lists_of(place / "run") == ([8], None)
    assert "All 20 trials" in typed(*words).out
    assert lists_of(place / "run") == (None, None)
    plan = json.loads((place / "run/plan.json").read_text())
    assert [len(stack["trials"]) for stack in plan["stacks"]] == [4] * 5


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        (("--batch-size", 8, 16, 8), r"--batch-size: .* found 8 twice; name it once"),
        (
            ("--learning-rate", "3e-4", 0.0003),
            r"--learning-rate: .* found 0.0003 twice",
        ),
        (
            ("--learning-rate", 0),
            r"learning_rate: expected a number above 0, found 0",
        ),
        (("--learning-rate", "nan"), r"learning_rate: .* found nan"),
        (("--batch-size", 0), r"--batch-size"),
    ],
)
def test_lists_that_are_none(typed, words, place, lists, said):
    before = listing(place)
    ended = typed(*words, *lists)
    assert ended.code == 2
    assert re.search(said, ended.err)
    assert listing(place) == before


def test_the_plan_is_not_changed_on_the_way(typed, words, place):
    assert typed(*words, "--stack", 2).code == 0
    before = listing(place)
    ended = typed(*words, "--stack", 4, "--seeds", 3)
    assert ended.code == 2
    assert re.search(r"plan\.json: .* begun with --stack 2, found --stack 4", ended.err)
    assert listing(place) == before


def test_a_run_directory_where_another_command_is_at_work(typed, words, place):
    run = RunDirectory(place / "run")
    with alone_in(run.path):
        ended = typed(*words)
        assert ended.code == 2
        assert "found one; wait until it is over" in ended.err
        assert not (place / "run/run.json").exists()
        assert not run.has_trials
    assert typed(*words).code == 0


def test_resources_need_a_cluster(typed, words, place):
    before = listing(place)
    ended = typed(*words, "--gpus", 1)
    assert ended.code == 2
    assert "--gpus, --tpus: " in ended.err
    assert listing(place) == before
