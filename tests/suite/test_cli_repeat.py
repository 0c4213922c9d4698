"""`repeat` as a user types it: a trial is run again and held against its record."""

import functools
import importlib
import json
import sys

import numpy as np
import pytest

from suite import cli, environment, recorded_sweep
from suite.records import RunDirectory
from tests.suite.cli_place import listing
from tests.suite.made_up import MadeUp

# The verb has the name of its module.
repeat = importlib.import_module("suite.commands.repeat")


@pytest.fixture
def run(typed, place, monkeypatch) -> RunDirectory:
    """A sweep whose numbers follow from the trials' ids, and so do not change."""
    monkeypatch.setattr(recorded_sweep, "open_executor", MadeUp())
    words = ("--checkpoint", place / "checkpoint", "--glue-dir", place / "glue")
    assert (
        typed("sweep", *words, "--run-dir", place / "run", "--tasks", "RTE").code == 0
    )
    # The command line of the repetition, in this process with its executor.
    monkeypatch.setattr(repeat, "_resumed", functools.partial(in_here, monkeypatch))
    return RunDirectory(place / "run")


def in_here(monkeypatch, words) -> int:
    monkeypatch.setattr(sys, "argv", ["suite", *words[3:]])
    try:
        cli.main()
    except SystemExit as end:
        return end.code or 0
    return 0


def first_id(run):
    return run.records()[0].trial.id


def test_the_same_bits(typed, run, place):
    before = listing(run.path)
    ended = typed("repeat", run.path, "--to", place / "again")
    assert (ended.code, ended.err) == (0, "")
    assert "again, and 3 of its stack with it: " in ended.out
    assert "The same, bit for bit." in ended.out
    assert listing(run.path) == before
    assert len(RunDirectory(place / "again").records()) == 20


def test_another_processor_is_named(typed, run, place):
    """The run's, where the record does not say."""
    said = run.run() | {"device": "abacus, 2 cores, Linux; loom, 1 core, Linux"}
    run.write_run(said)
    ended = typed("repeat", run.path, "--to", place / "again")
    here = environment.processor()
    assert f"Another processor: abacus, here {here}; the bits may differ" in ended.out


def test_only_the_stack_is_run_again(typed, run, place, monkeypatch):
    executor = MadeUp()
    monkeypatch.setattr(recorded_sweep, "open_executor", executor)
    trial = first_id(run)
    typed("repeat", run.path, "--to", place / "again", "--trial", trial)
    (stack,) = executor.stacks
    assert trial in [one.id for one in stack.trials]
    # And typed again, nothing.
    ended = typed("repeat", run.path, "--to", place / "again", "--trial", trial)
    assert ended.code == 0
    assert len(executor.stacks) == 1


def test_what_is_not_the_same(typed, run, place):
    """A record that was polished: one row's winner is another."""
    trial = first_id(run)
    path = run.path / "predictions" / f"{trial}.npz"
    polished = run.predictions(trial)
    polished["dev"] = polished["dev"].copy()
    polished["dev"][0] = polished["dev"][0][::-1]
    np.savez(path, **polished)
    ended = typed("repeat", run.path, "--to", place / "again", "--trial", trial)
    assert ended.code == 1
    assert "| dev | 2 | 1 |" in ended.out
    assert "Not the same." in ended.out


def test_other_versions_are_said(typed, run, place):
    said = run.run()
    run.write_run(said | {"versions": said["versions"] | {"numpy": "1.0"}})
    ended = typed("repeat", run.path, "--to", place / "again")
    assert "Another version: numpy 1.0, here " in ended.out


def test_a_command_of_ones_own(typed, run, place):
    """Where the files lie elsewhere now, or the run was made by `reproduce`."""
    run.write_run(run.run() | {"command": "python -m suite reproduce --name mine"})
    ended = typed("repeat", run.path, "--to", place / "again")
    assert ended.code == 2
    assert "say with --command" in ended.err
    assert not (place / "again").exists()
    command = (
        f"python -m suite sweep --checkpoint {place / 'checkpoint'} "
        f"--glue-dir {place / 'glue'} --tasks RTE"
    )
    ended = typed("repeat", run.path, "--to", place / "again", "--command", command)
    assert ended.code == 0


def test_refusals(typed, run, place):
    ended = typed("repeat", run.path, "--trial", "0123")
    assert ended.code == 2
    assert "--trial: expected the id of a finished trial" in ended.err
    (run.path / "plan.json").unlink()
    ended = typed("repeat", run.path, "--to", place / "again")
    assert ended.code == 2
    assert "expected the stack of trial" in ended.err
    assert typed("repeat", place / "glue").code == 2


def test_another_checkpoint_is_not_the_trial(typed, run, place):
    """Its trials are others, so nothing was repeated."""
    command = (
        f"python -m suite sweep --checkpoint {place / 'other'} "
        f"--glue-dir {place / 'glue'} --tasks RTE"
    )
    ended = typed("repeat", run.path, "--to", place / "again", "--command", command)
    assert ended.code == 2
    assert "to be run again, but it has no record" in ended.err


def test_a_record_is_not_taken_for_its_repetition(typed, run, place):
    """Neither the run itself nor another trial's copy, where it was never run again."""
    ids = [record.trial.id for record in run.records()]
    plan = json.loads((run.path / "plan.json").read_text())
    first = next(s["trials"] for s in plan["stacks"] if ids[0] in s["trials"])
    other = next(own for own in ids if own not in first)
    words = ("repeat", run.path, "--trial")
    assert typed(*words, ids[0], "--to", place / "again").code == 0
    for to, trial in ((place / "again", other), (run.path, ids[0])):
        ended = typed(*words, trial, "--to", to)
        assert ended.code == 2
        assert "name another with --to" in ended.err
