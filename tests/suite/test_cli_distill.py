"""`finetune` and `distill` as a user types them, on a sweep in miniature."""

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint, write_checkpoint
from suite import distillation_run, fine_tuned_checkpoint, recorded_sweep
from suite.commands import finetune
from suite.distillation_report import write_distillation_report
from suite.environment import RESULTS
from suite.records import RunDirectory
from tests.suite.cli_place import listing, typed_in_a_shell
from tests.suite.in_process import InProcess

ON_PART = ("--task", "SST-2", "--partial-train")
# Stacks of one share the programs of the teacher.
LISTS = ("--batch-size", 8, 16, "--learning-rate", 1e-2, 1e-3, "--stack", 1)


@pytest.fixture
def here(elsewhere: Path, monkeypatch) -> Path:
    """Where runs and their products go."""
    monkeypatch.setattr(finetune, "RESULTS", elsewhere / "results")
    return elsewhere


@pytest.fixture
def doing(monkeypatch):
    """Has jobs done in this process, by an executor that may stop."""

    def use(executor: InProcess) -> InProcess:
        for module in (recorded_sweep, distillation_run):
            monkeypatch.setattr(module, "open_executor", executor)
        monkeypatch.setattr(fine_tuned_checkpoint, "LocalExecutor", executor)
        return executor

    use(InProcess())
    return use


@pytest.fixture(scope="module")
def words(miniature):
    """A verb with its GLUE directory."""
    return lambda verb: (verb, *ON_PART, "--glue-dir", miniature.glue.directory)


@pytest.fixture
def fine_tuning(words, miniature, here):
    more = ("--checkpoint", miniature.checkpoint_dir, "--output-dir", here / "teacher")
    return (*words("finetune"), *more, "--batch-size", 8, "--learning-rate", 1e-2)


@pytest.fixture
def distilling(words, miniature, here, typed, fine_tuning, doing):
    """With a teacher that is there."""
    assert typed(*fine_tuning).code == 0
    more = ("--student", miniature.checkpoint_dir, "--run-dir", here / "run")
    return (*words("distill"), "--teacher", here / "teacher", *more, *LISTS)


def test_a_checkpoint_is_fine_tuned_and_kept(typed, fine_tuning, here, doing):
    ended = typed(*fine_tuning)
    assert (ended.code, ended.err) == (0, "")
    assert f"Checkpoint: {here / 'teacher'}" in ended.out
    made = read_checkpoint(here / "teacher").description["fine_tuned"]
    assert made["learning_rate"] == 1e-2
    assert made["command"].startswith("python -m suite finetune --")
    score = f"{100 * made['scores']['dev']['accuracy']:.1f}"
    assert f"SST-2 dev: accuracy {score}" in ended.out
    before = listing(here)
    again = typed(*fine_tuning, "--json")  # it is there
    assert listing(here) == before
    assert json.loads(again.out)["scores"] == made["scores"]
    other = typed(*fine_tuning, "--seed", 2)
    assert other.code == 2
    assert (
        "expected no such directory, found one that holds something else" in other.err
    )


def test_stopped_fine_tuning_leaves_nothing(typed, fine_tuning, here, doing):
    doing(InProcess(stopped_after=0))
    ended = typed(*fine_tuning)
    assert ended.code == 130
    assert "Nothing is kept; the same command begins anew." in ended.err
    assert not (here / "teacher").exists()
    doing(InProcess())
    assert typed(*fine_tuning).code == 0


def test_what_diverges_is_not_kept(typed, fine_tuning, here, doing):
    ended = typed(*fine_tuning[:-1], "1e38")
    assert ended.code == 1
    assert "Nothing is kept: diverged" in ended.out
    assert not (here / "teacher").exists()


def test_distilled_beside_fine_tuned(typed, distilling, here, doing):
    executor = doing(InProcess())
    ended = typed(*distilling, "--seeds", 4)
    assert (ended.code, ended.err) == (0, "")
    assert f"All 14 trials are recorded in {here / 'run'}" in ended.out
    assert executor.jobs[:2] == ["ask_known", "ask_part"]
    run = RunDirectory(here / "run")
    (about,) = run.run()["distillations"]
    names = [record.trial.variation for record in run.records()]
    assert {name: names.count(name) for name in names} == {"": 7, about["variation"]: 7}
    seeds = [r.trial.seed for r in run.records() if r.trial.variation]
    assert sorted(seeds) == [1, 1, 1, 1, 2, 3, 4]
    teacher = read_checkpoint(here / "teacher")
    assert about["teacher"]["sha256"] == teacher.sha256
    scores = teacher.description["fine_tuned"]["scores"]
    assert about["scores"]["dev"] == pytest.approx(scores["dev"])
    assert about["teacher"]["fine_tuned"]["command"] in ended.out
    header = "| On dev | A constant answer | Fine-tuned | Distilled | Teacher |"
    assert header in ended.out
    assert "selected configurations, seeds that did not select | 3 |" in ended.out
    before = listing(here)
    again = typed(*distilling, "--seeds", 4)
    assert (again.code, listing(here)) == (0, before)


def test_stopped_and_typed_again_it_ends_the_same(typed, distilling, here, doing):
    assert typed(*distilling).code == 0
    whole = RunDirectory(here / "run")
    other = [here / "again" if word == here / "run" else word for word in distilling]
    for jobs in (1, 2, 1):  # while the teacher is asked; in the middle of the grids
        doing(InProcess(stopped_after=jobs))
        ended = typed(*other)
        assert ended.code == 130
        assert "The same command goes on from here." in ended.err
    doing(InProcess())
    assert typed(*other).code == 0
    resumed = RunDirectory(here / "again")
    lines = (resumed.path / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 8
    found = {record.trial.id: record for record in resumed.records()}
    for record in whole.records():
        own = record.trial.id
        assert found[own].scores == record.scores
        assert found[own].losses == record.losses
        np.testing.assert_array_equal(
            resumed.predictions(own)["dev"], whole.predictions(own)["dev"]
        )


def test_another_way_stands_beside_and_what_was_run_is_not_again(
    typed, distilling, here, doing
):
    assert typed(*distilling).code == 0
    texts = here / "texts.txt"
    texts.write_text("a b c good\nd e bad\n" * 10)
    executor = doing(InProcess())
    more = ("--transfer", texts, "--then-fine-tune")
    ended = typed(*distilling, *more)
    assert (ended.code, ended.err) == (0, "")
    assert executor.jobs.count("run_distilled_stack") == 4
    run = RunDirectory(here / "run")
    assert len(run.records()) == 12
    first, second = run.run()["distillations"]
    assert first["variation"] != second["variation"]
    assert second["transfer"]["texts"] == 20
    assert second["then_fine_tune"]
    (here / "runs").mkdir()
    (here / "run").rename(here / "runs/run")
    pages = [
        write_distillation_report(here / "runs", here / name)[0]
        for name in ("one", "two")
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    text = pages[0].read_text()
    assert "of the task's own train split, without its labels." in text
    assert "20 texts of texts.txt; then fine-tuned on the labels." in text
    assert text.count("| cross-fitted | 1 |") == 2


REFUSED = {
    "no teacher": (("--teacher", "none"), r"none: no such checkpoint directory"),
    "teacher of nothing": (
        ("--teacher", "plain"),
        r"plain: expected a teacher fine-tuned on SST-2, found .* and no classifier",
    ),
    "teacher of three classes": (
        ("--teacher", "three"),
        r"three: expected a classifier of 2 outputs, as SST-2 has, found 3 outputs",
    ),
    "teacher of another task": (
        ("--teacher", "other"),
        r"other: expected a teacher fine-tuned on SST-2, found one of RTE",
    ),
    "student that is one already": (
        ("--student", "teacher"),
        r"teacher: expected a pre-trained checkpoint, found one with a classifier",
    ),
    "no text": (("--transfer", "none.txt"), r"none.txt: .*No such file"),
    "texts of pairs": (
        ("--transfer", "pairs.txt"),
        r"pairs.txt, line 1: expected one text, found 2",
    ),
    "few texts": (
        ("--transfer", "few.txt"),
        r"--transfer: expected at least 16 texts, .* found 1",
    ),
    "two tasks": (("--task", "SST-2,RTE"), r"--task: expected one task"),
    "no task": (("--task", "SST"), r"unknown task 'SST'"),
    "no GLUE": (("--glue-dir", "none"), r"none of SST-2 can be run"),
}


@pytest.fixture(scope="module")
def bad(miniature, tmp_path_factory) -> Path:
    """What is refused, in one place."""
    place = tmp_path_factory.mktemp("bad")
    given = miniature.checkpoint
    made = {
        "plain": (None, {}),
        "three": (3, {}),
        "other": (2, {"fine_tuned": {"task": "RTE"}}),
        "teacher": (2, {}),
    }
    for name, (outputs, said) in made.items():
        head = {}
        if outputs:
            size = given.config.hidden_size
            head = {
                "output_weights": np.zeros((outputs, size), np.float32),
                "output_bias": np.zeros(outputs, np.float32),
            }
        vocab = given.tokenizer.vocab
        write_checkpoint(place / name, given.config, given.weights | head, vocab, said)
    (place / "pairs.txt").write_text("a\tb\n")
    (place / "few.txt").write_text("a\n")
    return place


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_and_nothing_is_left(
    typed, words, miniature, here, bad, monkeypatch, case
):
    more, message = REFUSED[case]
    monkeypatch.chdir(bad)
    before = listing(here), listing(bad)
    usual = ("--teacher", "teacher", "--student", miniature.checkpoint_dir)
    ended = typed(*words("distill"), *usual, "--run-dir", here / "run", *LISTS, *more)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith("Error: ")
    assert re.search(message, line)
    assert (listing(here), listing(bad)) == before


def test_bad_input_in_a_shell(words, bad, here):
    """No word of TensorFlow's, which is not loaded before the input is in order."""
    places = ("--teacher", bad / "plain", "--student", bad / "plain")
    process = typed_in_a_shell(*words("distill"), *places, "--run-dir", here / "run")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"Error: {bad / 'plain'}: expected a teacher")


@pytest.mark.slow
def test_killed_workers_and_all_it_goes_on(distilling, here, doing):
    """As typed in a shell, with processes: killed, and typed again."""
    run = RunDirectory(here / f"killed-{os.getpid()}")
    typed = [run.path if word == here / "run" else word for word in distilling]
    try:
        process = typed_in_a_shell(*typed, "--workers", 1, start_new_session=True)
        while not run.records():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert 0 < len(run.finished_ids()) < 8
        again = typed_in_a_shell(*typed, "--workers", 1)
        out, err = again.communicate(timeout=300)
        assert again.returncode == 0, err
        assert "All 8 trials are recorded" in out
    finally:
        shutil.rmtree(RESULTS / "work" / run.path.name, ignore_errors=True)
