"""The command line as a user types it: what it makes, and how it refuses."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import write_checkpoint
from reference.configuration import BertConfig
from reference.instances import digest
from reference.tfrecords import read_tfrecords, write_tfrecords
from reference.variables import variable_shapes
from suite import cli, pipeline, readme
from suite.commands import report
from tests.suite.miniature import PIECES

ROOT = Path(__file__).resolve().parents[2]
VERBS = ("instances", "pretrain", "sweep", "report", "reproduce")
RTE_TRAIN_ROWS = 2490


def typed_in_a_shell(*words, **options) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "suite", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, **pipes, **options)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A directory with one of everything, good and bad; what runs write goes there."""
    for module in (report, pipeline, readme):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(readme, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"{readme.BEGIN}\n{readme.END}\n")
    files = {
        "vocab.txt": "\n".join(PIECES) + "\n",
        "no_mask.txt": "\n".join(p for p in PIECES if p != "[MASK]") + "\n",
        "text.txt": "a b c d\ne f good\n\nbad g h\ni j k l\n\nm n o\n" * 5,
        "empty.txt": "\n\n",
        "one_document.txt": "a b c d\ne f good\n",
        "damaged.tfrecord": "this is no record",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.txt").write_bytes(b"a b\nc \xe9 d\n")
    write_tfrecords([tmp_path / "good.tfrecord"], {"input_ids": np.ones((2, 8), int)})
    write_glue(tmp_path / "glue")
    write_glue(tmp_path / "wrong_label", "2\ta b\tc d\tmaybe\n")
    write_glue(tmp_path / "cut_off", "2\ta b\n")
    (tmp_path / "no_dev" / "RTE").mkdir(parents=True)
    train = (tmp_path / "glue/RTE/train.tsv").read_bytes()
    (tmp_path / "no_dev/RTE/train.tsv").write_bytes(train)
    (tmp_path / "few" / "RTE").mkdir(parents=True)
    (tmp_path / "few/RTE/train.tsv").write_bytes(train[: train.index(b"\n9\t") + 1])
    config = BertConfig(len(PIECES), 8, 1, 2, 16)
    shapes = variable_shapes(config)
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    write_checkpoint(tmp_path / "checkpoint", config, weights, PIECES, {})
    write_checkpoint(tmp_path / "other_vocab", config, weights, PIECES[:-1], {})
    return tmp_path


def write_glue(directory: Path, third_row: str | None = None) -> None:
    """A whole RTE; `third_row` stands on line 4 of train.tsv."""
    rows = [f"{n}\ta b\tc d\tentailment\n" for n in range(RTE_TRAIN_ROWS)]
    if third_row:
        rows[2] = third_row
    header = "index\tsentence1\tsentence2\tlabel\n"
    (directory / "RTE").mkdir(parents=True)
    (directory / "RTE/train.tsv").write_text(header + "".join(rows))
    (directory / "RTE/dev.tsv").write_text(header + "".join(rows[:2]))


def listing(directory: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*")}


# What it does


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_in_words_a_newcomer_can_follow(typed, verb):
    ended = typed(verb, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "Usage:" in ended.out
    # Python's own names for things are no help.
    for word in ("list[", "Path", "<int", "<str", "None", str(ROOT)):
        assert word not in ended.out


def test_help_of_the_program_lists_every_verb_in_full():
    process = typed_in_a_shell("--help")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("Usage: python -m suite [OPTIONS] COMMAND")
    for verb in VERBS:
        (line,) = (line for line in out.splitlines() if line.split()[:1] == [verb])
        assert line.endswith(".")
        assert not line.endswith("...")


def test_no_verb_shows_the_help(typed):
    ended = typed()
    assert "Usage:" in ended.out + ended.err
    assert ended.code == 2


@pytest.mark.parametrize("masking", ["wordpiece", "whole-word"])
def test_instances_are_made(typed, place, masking):
    outputs = [place / "0.tfrecord", place / "1.tfrecord"]
    options = ["--max-seq-length", 16, "--max-predictions-per-seq", 3]
    ended = typed(
        *("instances", "--input", place / "text.txt", "--vocab", place / "vocab.txt"),
        *("--output", outputs[0], "--output", outputs[1]),
        *("--masking", masking, *options),
    )
    assert (ended.code, ended.err) == (0, "")
    first, second = (read_tfrecords([path]) for path in outputs)
    made = len(first["input_ids"]) + len(second["input_ids"])
    tokens = first["input_mask"].sum() + second["input_mask"].sum()
    assert ended.out.splitlines()[-1].startswith(
        f"{made:,} instances, {tokens:,} tokens, "
    )
    assert len(first["input_ids"]) - len(second["input_ids"]) in (0, 1)


def test_instances_are_the_originals(typed, tmp_path, shared):
    case = json.loads((shared / "goldens/instances/manifest.json").read_text())[
        "edge_whole_word"
    ]
    ended = typed(
        *("instances", "--input", shared / "goldens/text/edge.txt"),
        *("--vocab", shared / "data/vocab/uncased/vocab.txt"),
        *("--output", tmp_path / "edge.tfrecord", "--masking", "whole-word"),
        *("--max-seq-length", case["max_seq_length"]),
        *("--max-predictions-per-seq", case["max_predictions_per_seq"]),
        *("--dupe-factor", case["dupe_factor"], "--seed", case["random_seed"]),
    )
    assert ended.code == 0
    records = read_tfrecords([tmp_path / "edge.tfrecord"])
    (published,) = case["outputs"]
    assert len(records["input_ids"]) == published["num_instances"]
    assert digest(records) == published["sha256"]


def test_a_report_is_written(typed, small_run, tmp_path):
    ended = typed("report", small_run, "--reports-dir", tmp_path)
    assert (ended.code, ended.err) == (0, "")
    written = [Path(line) for line in ended.out.splitlines()]
    assert tmp_path / "README.md" in written
    assert all(path.is_file() for path in written)


def test_the_newest_run_is_reported(typed, place, small_run, tmp_path):
    runs = place / "results/runs"
    for name in ("2025-12-31_z_0", "2026-01-31_b_0", "2026-02-01_not_a_run"):
        (runs / name).mkdir(parents=True)
    (runs / "2025-12-31_z_0/run.json").write_text("older, and not even JSON")
    shutil.copytree(small_run, runs / "2026-01-31_b_0", dirs_exist_ok=True)
    ended = typed("report", "--reports-dir", tmp_path / "report")
    assert (ended.code, ended.err) == (0, "")
    assert "2026-01-31_b_0" in (tmp_path / "report/README.md").read_text()


def test_a_report_needs_no_framework(small_run, tmp_path):
    """On a laptop that cannot import TensorFlow, Keras or JAX."""
    code = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "jax"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from suite.cli import main
main()
"""
    words = ["report", str(small_run), "--reports-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "README.md").is_file()


def test_stopped_from_the_keyboard(place):
    """Text that never comes, from a pipe: the program waits, and Ctrl-C ends it."""
    os.mkfifo(place / "pipe.txt")
    process = typed_in_a_shell(
        *("instances", "--input", place / "pipe.txt", "--vocab", place / "vocab.txt"),
        *("--output", place / "out.tfrecord"),
        # A runner in the background ignores the interrupt, and so would its children.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    with open(place / "pipe.txt", "w"):  # returns once the program reads
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Stopped.\n"  # one shard is begun anew
    assert not (place / "out.tfrecord").exists()


def test_pretraining_stopped_from_the_keyboard(place):
    """A terminal interrupts the program and its worker, which waits for records."""
    os.mkfifo(place / "pipe.tfrecord")
    process = typed_in_a_shell(
        *("pretrain", "--input", place / "pipe.tfrecord", "--num-train-steps", 1),
        *("--held-out", place / "good.tfrecord", "--vocab", place / "vocab.txt"),
        *("--output-dir", place / "made"),
        start_new_session=True,
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    with open(place / "pipe.tfrecord", "w"):  # returns once the worker reads
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Stopped. The same command goes on from here.\n"


@pytest.mark.slow
def test_pretraining_in_a_shell(place):
    """Metrics and the checkpoint on the terminal, and no word of a library's."""
    records = place / "made.tfrecord"
    options = ("--vocab", place / "vocab.txt", "--max-seq-length", 16)
    made = typed_in_a_shell(
        "instances", "--input", place / "text.txt", "--output", records, *options
    )
    made.communicate(timeout=60)
    process = typed_in_a_shell(
        *("pretrain", "--input", records, "--held-out", records, *options[:2]),
        *("--output-dir", place / "made", "--num-train-steps", 3),
    )
    out, err = process.communicate(timeout=900)
    assert (process.returncode, err) == (0, "")
    assert "masked_lm_accuracy = 0." in out
    assert out.endswith(f"Checkpoint: {place / 'made'}\n")
    assert (place / "made/model.safetensors").is_file()


SPREAD = {
    "as typed": ("--input a --input b", "--input a --input b"),
    "several": ("--input a b c --seed 1", "--input a --input b --input c --seed 1"),
    "two lists": ("--input a b --out c d", "--input a --input b --out c --out d"),
    "both ways": ("--input a b --input c", "--input a --input b --input c"),
    "with a sign": ("--input=a b --seed=1", "--input=a --input b --seed=1"),
    "not repeatable": ("--seed 1 2", "--seed 1 2"),
    "ended by a flag": ("--input a --cased b", "--input a --cased b"),
    "ended by hyphens": ("--input a -- b", "--input a -- b"),
    "no option": ("report run", "report run"),
    "no value": ("--input --input a", "--input --input a"),
}


@pytest.mark.parametrize("case", SPREAD)
def test_a_list_is_an_option_for_each_value(case):
    words, spread = (side.split() for side in SPREAD[case])
    assert cli.spread(words, {"--input", "--out"}) == spread


def test_lists_are_taken_as_a_shell_makes_them(typed, place):
    (place / "more.txt").write_text("a b\nc d\n\ne f\ng h\n")
    pair = place / "text.txt", place / "more.txt"
    outputs = place / "0.tfrecord", place / "1.tfrecord"
    rest = ("--vocab", place / "vocab.txt", "--max-seq-length", 16)
    ended = typed("instances", "--input", *pair, "--output", *outputs, *rest)
    assert (ended.code, ended.err) == (0, "")
    each = [word for path in pair for word in ("--input", path)]
    one = place / "one.tfrecord"
    assert typed("instances", *each, "--output", one, *rest).code == 0
    assert digest(read_tfrecords(outputs[:1])) == digest(
        {name: values[::2] for name, values in read_tfrecords([one]).items()}
    )


def test_every_list_in_the_help_may_be_spread(typed):
    """What is shown with three dots is what `main` spreads, and nothing else."""
    shown = set()
    for verb in VERBS:
        shown |= set(re.findall(r"(--\S+) [A-Z]+\.\.\.", typed(verb, "--help").out))
    assert shown == cli._repeatable()
    assert shown >= {"--input", "--output", "--held-out", "--corpus", "--checkpoint"}


# How it refuses

INSTANCES = ("instances", "--output", "out.tfrecord")
GOOD_INSTANCES = (*INSTANCES, "--input", "text.txt", "--vocab", "vocab.txt")
PRETRAIN = ("pretrain", "--num-train-steps", "2", "--output-dir", "made")
RECORDS = ("--input", "good.tfrecord", "--held-out", "good.tfrecord")
SWEEP = ("sweep", "--run-dir", "run", "--tasks", "RTE")
REPRODUCE = ("reproduce", "--tasks", "RTE", "--glue-dir")
OWN = ("--corpus", "text.txt", "--vocab", "vocab.txt")

BAD_INPUT = {
    "no text file": (
        (*INSTANCES, "--input", "none.txt", "--vocab", "vocab.txt"),
        r"none.txt, line 1: .*No such file",
    ),
    "empty corpus": (
        (*INSTANCES, "--input", "empty.txt", "--vocab", "vocab.txt"),
        r"empty.txt: expected text",
    ),
    "not UTF-8": (
        (*INSTANCES, "--input", "latin.txt", "--vocab", "vocab.txt"),
        r"latin.txt, line 2: expected UTF-8, found byte 0xe9",
    ),
    "no vocabulary": (
        (*INSTANCES, "--input", "text.txt", "--vocab", "none.txt"),
        r"none.txt: expected a vocabulary.*No such file",
    ),
    "vocabulary without [MASK]": (
        (*INSTANCES, "--input", "text.txt", "--vocab", "no_mask.txt"),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
    "short sequences": ((*GOOD_INSTANCES, "--max-seq-length", "3"), r"from 5 up"),
    "improbable": ((*GOOD_INSTANCES, "--short-seq-prob", "2"), r"from 0 to 1"),
    "same output": ((*GOOD_INSTANCES, "--output", "out.tfrecord"), r"named once"),
    "output in no directory": (
        (*INSTANCES[:1], *GOOD_INSTANCES[3:], "--output", "text.txt/out.tfrecord"),
        r"text.txt",
    ),
    "no records": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--input", "none.tfrecord"),
        r"none.tfrecord: .*No such file",
    ),
    "damaged records": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--input", "damaged.tfrecord"),
        r"damaged.tfrecord, byte 0: expected a record",
    ),
    "unknown model": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--model", "BERT-Huge"),
        r"unknown model .*BERT-Huge.* known: BERT-Tiny",
    ),
    "records of something else": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS),
        r"good.tfrecord: expected pre-training instances, found no input_mask",
    ),
    "vocabulary without [MASK], pre-training": (
        (*PRETRAIN, "--vocab", "no_mask.txt", *RECORDS),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
    "unknown task": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "glue", "--tasks", "RTF"),
        r"unknown task 'RTF': expected one of CoLA",
    ),
    "no task": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "glue", "--tasks", ","),
        r"--tasks: none named",
    ),
    "no checkpoint": (
        (*SWEEP, "--checkpoint", "none", "--glue-dir", "glue"),
        r"none: no such checkpoint directory",
    ),
    "checkpoint of another vocabulary": (
        (*SWEEP, "--checkpoint", "other_vocab", "--glue-dir", "glue"),
        r"vocab.txt: 23 word pieces, but bert_config.json says 24",
    ),
    "checkpoint without anything": (
        (*SWEEP, "--checkpoint", "glue", "--glue-dir", "glue"),
        r"bert_config.json: no such file",
    ),
    "no GLUE": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "none"),
        r"none of RTE can be run: RTE: there is no train.tsv",
    ),
    "too few rows": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "few"),
        r"train.tsv holds 9 rows of the official 2,490",
    ),
    "no dev split": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "no_dev"),
        r"no_dev/RTE/dev.tsv: expected a GLUE file",
    ),
    "wrong label": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "wrong_label"),
        r"RTE/train.tsv, line 4: expected a label .*'maybe'",
    ),
    "cut off": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "cut_off"),
        r"RTE/train.tsv, line 4: expected 4 tab-separated columns .* found 2",
    ),
    "no run": (("report", "none"), r"none/run.json: .* no such file"),
    "no runs": (("report",), r"results/runs: no run there"),
    "neither checkpoint nor corpus": (
        (*REPRODUCE, "glue"),
        r"--glue-dir: needs --checkpoint DIR, or --corpus FILE and --vocab FILE",
    ),
    "corpus without vocabulary": (
        (*REPRODUCE, "glue", "--corpus", "text.txt"),
        r"--glue-dir: needs --checkpoint DIR, or --corpus FILE and --vocab FILE",
    ),
    "both checkpoint and corpus": (
        (*REPRODUCE, "glue", *OWN, "--checkpoint", "checkpoint"),
        r"--checkpoint: leave --corpus and --vocab away",
    ),
    "own text without GLUE": (("reproduce", *OWN), r"need --glue-dir DIR"),
    "unknown model, all of it": (
        ("reproduce", "--models", "BERT-Tiny,Huge"),
        r"unknown model .*Huge",
    ),
    "no model": (("reproduce", "--models", ","), r"--models: none named"),
    "unknown task, all of it": (("reproduce", "--tasks", "x"), r"unknown task 'x'"),
    "name that is a path": (
        (*REPRODUCE, "glue", *OWN, "--name", "../x"),
        r"--name: expected letters",
    ),
    "wrong label, before pre-training": (
        (*REPRODUCE, "wrong_label", *OWN),
        r"RTE/train.tsv, line 4: expected a label .*'maybe'",
    ),
    "no dev split, before pre-training": (
        (*REPRODUCE, "no_dev", *OWN),
        r"no_dev/RTE/dev.tsv: expected a GLUE file",
    ),
    "empty corpus to pre-train on": (
        (*REPRODUCE, "glue", "--corpus", "empty.txt", "--vocab", "vocab.txt"),
        r"empty.txt: expected at least two documents .* found 0",
    ),
    "one document to pre-train on": (
        (*REPRODUCE, "glue", "--corpus", "one_document.txt", "--vocab", "vocab.txt"),
        r"one_document.txt: expected at least two documents .* found 1",
    ),
    "vocabulary without [MASK], all of it": (
        (*REPRODUCE, "glue", "--corpus", "text.txt", "--vocab", "no_mask.txt"),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_leaves_nothing(typed, place, monkeypatch, case):
    words, message = BAD_INPUT[case]
    monkeypatch.chdir(place)
    before = listing(place)
    ended = typed(*words)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert line.startswith("Error: ")
    assert re.search(message, line)
    assert listing(place) == before


BAD_USAGE = {
    "unknown verb": (("fly",), "No such command 'fly'."),
    "unknown flag": ((*GOOD_INSTANCES, "--fast"), "No such option: --fast"),
    "unknown masking": ((*GOOD_INSTANCES, "--masking", "none"), "'--masking'"),
    "no number": ((*GOOD_INSTANCES, "--seed", "one"), "'--seed'"),
    "no seeds": (("reproduce", "--seeds", "0"), "'--seeds'"),
    "no steps": (("reproduce", "--pretrain-steps", "0"), "'--pretrain-steps'"),
    "nothing to read": (PRETRAIN, "Missing option '--input'"),
    "stray word": ((*GOOD_INSTANCES, "--seed", "1", "2"), "unexpected extra argument"),
    "output is a directory": ((*GOOD_INSTANCES, "--output", "glue"), "is a directory"),
    "checkpoint is a file": (
        (*SWEEP, "--glue-dir", "glue", "--checkpoint", "text.txt"),
        "is a file",
    ),
}


@pytest.mark.parametrize("case", BAD_USAGE)
def test_bad_usage_is_refused(typed, place, monkeypatch, case):
    words, message = BAD_USAGE[case]
    monkeypatch.chdir(place)
    before = listing(place)
    ended = typed(*words)
    assert ended.code == 2
    *_, line = ended.err.splitlines()
    assert line.startswith("Error: ")
    assert message in line
    assert "Traceback" not in ended.err
    assert listing(place) == before


def test_bad_input_in_a_shell(place):
    words = ["instances", "--input", place / "text.txt", "--output", place / "out"]
    process = typed_in_a_shell(*words, "--vocab", place / "no_mask.txt")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"Error: {place / 'no_mask.txt'}: ")


def test_bad_input_to_pretraining_in_a_shell(place):
    """No word of TensorFlow's, which is not loaded before the input is in order."""
    records = ["--input", place / "none", "--held-out", place / "none"]
    words = ["pretrain", *records, "--vocab", place / "vocab.txt"]
    process = typed_in_a_shell(
        *words, "--output-dir", place / "made", "--num-train-steps", 1
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"Error: {place / 'none'}: ")


@pytest.mark.parametrize(
    "words", [("--debug", "report", "x"), ("report", "x", "--debug")]
)
def test_debug_shows_the_traceback_before_and_after_the_verb(typed, words):
    ended = typed(*words)
    assert ended.code == 2
    assert ended.err.startswith("Traceback (most recent call last):")
    assert ended.err.splitlines()[-1].startswith("Error: x/run.json: ")


def test_an_error_of_ours_is_one_line_and_another_code(typed, monkeypatch, place):
    def broken(*_):
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr("suite.report.write_report", broken)
    words = ("report", place, "--reports-dir", place / "tables")
    ended = typed(*words)
    assert ended.code == 1
    assert ended.err == (
        "Unexpected ZeroDivisionError: first line (--debug shows where)\n"
    )
    assert "in broken" in typed(*words, "--debug").err


def test_a_disk_that_cannot_be_written_is_named(typed, monkeypatch, place):
    def full(*_):
        raise OSError(28, "No space left on device", "reports/README.md")

    monkeypatch.setattr("suite.report.write_report", full)
    ended = typed("report", place, "--reports-dir", place / "tables")
    assert (ended.code, ended.err) == (
        2,
        "Error: reports/README.md: No space left on device\n",
    )
