"""The command line as a user types it: what it makes."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reference.instances import digest
from reference.tfrecords import read_tfrecords
from suite import cli
from tests.suite.cli_place import ROOT, typed_in_a_shell

VERBS = (
    *("doctor", "instances", "oddities", "pretrain", "sweep", "squad", "knobs"),
    *("report", "compare", "reproduce", "submit"),
)


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


def test_every_run_is_reported_the_newest_first(typed, place, small_run, tmp_path):
    runs = place / "results/runs"
    for name in ("2025-12-31_z_0", "2026-01-31_b_0"):
        shutil.copytree(small_run, runs / name)
    (runs / "2026-02-01_not_a_run").mkdir()
    ended = typed("report", "--reports-dir", tmp_path / "report")
    assert (ended.code, ended.err) == (0, "")
    text = (tmp_path / "report/README.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:2] == ["## 2026-01-31_b_0", "## 2025-12-31_z_0"]


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
    all_shown = set()
    for verb in VERBS:
        shown = re.findall(r"(--\S+) [A-Z]+\.\.\.", typed(verb, "--help").out)
        assert set(shown) == cli._repeatable(["--debug", verb, "report"])
        all_shown |= set(shown)
    assert {"--input", "--output", "--held-out", "--corpus"} <= all_shown
    assert cli._repeatable(["checkpoint", "inspect"]) == set()
