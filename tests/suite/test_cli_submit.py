"""`submit` as a user types it: what it makes, checks and compares, and refuses."""

import json
import re
import shutil

import pytest

from suite.submission.check import check_zip
from suite.tasks import TASKS
from tests.suite.cli_place import listing, typed_in_a_shell
from tests.suite.submission.submitted import (
    described,
    sound_members,
    whole_run,
    write_public_labels,
    write_zip,
)
from tests.suite.synthetic import WHOLE_WORD, Checkpoint, Synthetic, make_run

# BERT-Tiny's published row, as one writes down what the server returned.
TINY = """task,metric,score
CoLA,matthews,1.2
SST-2,accuracy,83.2
MRPC,f1,81.1
MRPC,accuracy,71.1
STS-B,pearson,74.3
STS-B,spearman,73.6
QQP,f1,62.2
QQP,accuracy,83.4
MNLI-m,accuracy,70.2
MNLI-mm,accuracy,70.3
QNLI,accuracy,81.5
RTE,accuracy,57.2
WNLI,accuracy,62.3
AX,matthews,21.0
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return whole_run(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def labels(whole, tmp_path_factory):
    return write_public_labels(tmp_path_factory.mktemp("labels"), whole)


@pytest.fixture
def few(tmp_path):
    """A run of WNLI and MRPC alone, by two checkpoints of one name."""
    options = Synthetic(
        tasks=("WNLI", "MRPC"),
        test_labels=("WNLI", "MRPC"),
        checkpoints=(Checkpoint(), WHOLE_WORD),
        batch_sizes=(8,),
        learning_rates=(1e-4, 5e-5, 3e-5, 3e-4),
        seeds=2,
    )
    return make_run(tmp_path / "few", options)


@pytest.fixture
def small_qqp(monkeypatch):
    monkeypatch.setitem(TASKS["QQP"].rows, "test", 500)


def test_help(typed):
    ended = typed("submit", "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "suite submit [OPTIONS] [RUN_DIR]" in ended.out
    for word in ("Path", "<int", "<str", "None"):
        assert word not in ended.out


def test_a_zip_is_written_and_passes(typed, whole, labels, tmp_path):
    path = tmp_path / "submission.zip"
    options = ("--output", path, "--test-labels", labels)
    ended = typed("submit", whole.path, *options)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[-1] == f"{path}: 11 files, described in {path.with_suffix('.json')}."
    row = next(line for line in lines if line.startswith("| MNLI-m.tsv"))
    trial = described(path.with_suffix(".json"))["files"][5]
    assert trial["file"] == "MNLI-m.tsv"
    assert f"`{trial['trial']}`" in row
    assert f"{100 * trial['dev']['accuracy']:.1f}" in row
    # Scores on public labels beside those on dev, where there are such.
    scored = re.search(r"\| MRPC.tsv .* (\S+)/(\S+) \| (\S+)/(\S+) \|  \|", ended.out)
    assert all(0 < float(score) < 100 for score in scored.groups())
    assert re.search(r"\| RTE.tsv .* \| –", ended.out)
    assert check_zip(path).passed


def test_written_and_checked_in_a_shell(whole, tmp_path):
    """Two processes that share nothing but the zip."""
    path = tmp_path / "s.zip"
    for words, code in (
        ((whole.path, "--output", path), 0),
        (("--check", path), 0),
        (("--check", tmp_path / "s.json"), 1),
    ):
        process = typed_in_a_shell("submit", *words)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (code, "")
    assert "s.json: expected a zip, found one that cannot be read" in out


def test_what_is_missing_is_listed_with_the_command(typed, few, tmp_path):
    before = listing(tmp_path)
    words = ("submit", few.path, "--model", "wordpiece", "--output", tmp_path / "s.zip")
    ended = typed(*words)
    assert (ended.code, ended.out) == (2, "")
    *missing, error = ended.err.splitlines()
    assert "Missing: MNLI-m.tsv, MNLI-mm.tsv, AX.tsv: MNLI was not run" in missing
    assert "Missing: RTE.tsv: RTE was not run" in missing
    assert error.startswith(f"Error: {few.path}: 9 of 11 files are missing; make their")
    assert "--test-predictions, or write what there is with --incomplete" in error
    assert listing(tmp_path) == before
    ended = typed(*words, "--incomplete")
    assert ended.code == 0
    assert "It lacks CoLA, SST-2, STS-B, QQP" in ended.out
    assert "GLUE's server refuses such a zip." in ended.out
    assert not check_zip(tmp_path / "s.zip").passed


def test_a_broken_zip_is_told_line_by_line(typed, small_qqp, tmp_path):
    members = sound_members() | {"AX.tsv": b"index\tprediction\n0\tmaybe\n"}
    path = write_zip(tmp_path / "broken.zip", members)
    ended = typed("submit", "--check", path)
    assert (ended.code, ended.err) == (1, "")
    count, word, last = ended.out.splitlines()
    assert count.startswith("AX.tsv: expected 1,104 examples, found 1; predict every")
    assert word.startswith("AX.tsv, line 2: expected one of contradiction")
    assert last == f"{path}: 2 faults."


def test_a_check_as_json(typed, small_qqp, tmp_path, labels):
    path = write_zip(tmp_path / "s.zip", sound_members())
    ended = typed("submit", "--check", path, "--test-labels", labels, "--json")
    said = json.loads(ended.out)
    assert (ended.code, said["passed"], said["faults"]) == (0, True, [])
    assert set(said["test"]) == {"SST-2.tsv", "MRPC.tsv", "STS-B.tsv"}
    path = write_zip(tmp_path / "none.zip", {})
    ended = typed("submit", "--check", path, "--json")
    assert (ended.code, len(json.loads(ended.out)["faults"])) == (1, 11)


def test_a_check_beside_a_run(typed, few, tmp_path):
    """Dev scores stand beside, and that the zip's predictions are not the run's."""
    own = ("--model", "wordpiece")
    made = typed(
        *("submit", few.path, "--output", tmp_path / "s.zip", "--incomplete"), *own
    )
    checked = typed("submit", few.path, "--check", tmp_path / "s.zip", *own)
    assert checked.code == 1
    row = next(line for line in made.out.splitlines() if "MRPC.tsv" in line)
    assert row in checked.out.splitlines()
    other = ("--model", "whole-word")
    checked = typed("submit", few.path, "--check", tmp_path / "s.zip", *other)
    assert checked.out.count("the zip holds other predictions") == 2


def test_returned_scores_are_compared(typed, few, tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text(TINY.replace(",", "\t"))
    options = ("--leaderboard", path, "--model", "wordpiece")
    ended = typed("submit", few.path, *options)
    assert (ended.code, ended.err) == (0, "")
    title, _, header, *rows = ended.out.splitlines()
    assert title == "BERT-Tiny beside BERT-Tiny, both on GLUE's test splits."
    assert header.startswith("| Task | Metric | Published (test) | Ours |")
    assert sum(line.startswith("| MNLI") for line in rows) == 2
    assert "| MRPC | f1 | 81.1 | 81.1 | 0.0 [" in ended.out
    assert "MRPC: measured over 2 seeds, each with a grid" in ended.out.splitlines()[-1]
    said = json.loads(typed("submit", few.path, *options, "--json").out)
    assert said["published"] == "BERT-Tiny"
    assert len(said["cells"]) == 15


def test_returned_scores_without_a_run(typed, tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text(TINY)
    ended = typed("submit", "--leaderboard", path)
    assert ended.code == 2
    assert "name one with --published, such as BERT-Tiny" in ended.err
    ended = typed("submit", "--leaderboard", path, "--published", "BERT-Mini")
    assert ended.code == 0
    assert "as others measured it on BERT-" in ended.out


REFUSED = {
    "nothing asked": ((), "expected RUN_DIR with --output, or --check, or"),
    "two ways": (("--check", "a.zip", "--leaderboard", "b.tsv"), "one of them"),
    "no run": (("--output", "a.zip"), "expected RUN_DIR with --output"),
    "no such zip": (("--check", "none.zip"), "none.zip: expected a zip, found no such"),
    "no such run": (("none", "--output", "a.zip"), "is this a run directory"),
    "no such scores": (("--leaderboard", "none.tsv"), "none.tsv: No such file"),
    "incomplete check": (("--check", "a.zip", "--incomplete"), "with --output only"),
    "published check": (("--check", "a.zip", "--published", "x"), "with --leaderboard"),
    "model of no run": (("--check", "a.zip", "--model", "x"), "with RUN_DIR only"),
    "labels of scores": (("--leaderboard", "a", "--test-labels", "b"), "--output or"),
    "glue of scores": (("--leaderboard", "a", "--glue-dir", "b"), "--check only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_usage_is_refused_in_one_line(typed, tmp_path, monkeypatch, name):
    words, message = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    ended = typed("submit", *words)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert message in ended.err


def test_no_public_labels_are_refused_before_anything_is_written(typed, few, tmp_path):
    shutil.rmtree(tmp_path / "labels", ignore_errors=True)
    options = ("--model", "wordpiece", "--incomplete", "--output", tmp_path / "s.zip")
    ended = typed("submit", few.path, *options, "--test-labels", tmp_path / "labels")
    assert ended.code == 2
    assert "labels: expected public test labels" in ended.err
    assert not (tmp_path / "s.zip").exists()
