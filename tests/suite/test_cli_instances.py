"""The verb `instances` as a user types it: shards, resuming, checking, refusing."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from reference.instances import digest
from reference.tfrecords import read_tfrecords, write_tfrecords
from reference.tokenization import SPECIAL_TOKENS

ROOT = Path(__file__).resolve().parents[2]
NAMES = [f"part-{number}" for number in range(4)]
SHAPE = ("--max-seq-length", "16", "--max-predictions-per-seq", "3")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with text and a vocabulary, and the working directory."""
    monkeypatch.chdir(tmp_path)
    pieces = [*SPECIAL_TOKENS, *"abcdef", *(f"##{letter}" for letter in "abcdef")]
    Path("vocab.txt").write_text("\n".join(pieces) + "\n")
    for number, name in enumerate(NAMES):
        Path(f"{name}.txt").write_text(random_text(random.Random(number)))
    Path("one.txt").write_text("a b\nc d\n")
    Path("binary.txt").write_bytes(b"PK\3\4\0\0")
    return tmp_path


def random_text(rng):
    """Fifty documents."""
    words = ["a", "be", "cab", "deaf", "face"]
    lines = (" ".join(rng.choices(words, k=rng.randint(2, 9))) for _ in range(200))
    return "".join(f"{line}\n" + "\n" * (rng.random() < 0.25) for line in lines)


def shards(*words):
    inputs = ("--input", *(f"{name}.txt" for name in NAMES))
    return ("instances", *inputs, "--vocab", "vocab.txt", *SHAPE, *words)


def contents(directory):
    return {path.name: path.read_bytes() for path in Path(directory).iterdir()}


def test_a_shard_for_each_file(typed, place):
    ended = typed(*shards("--output-dir", "records", "--workers", "2"))
    assert (ended.code, ended.err) == (0, "")
    assert set(contents("records")) == {
        f"{name}{suffix}" for name in NAMES for suffix in (".json", ".tfrecord")
    }
    sidecar = json.loads(Path("records/part-2.json").read_text())
    # The sidecar's seed makes the same records of this file alone.
    again = ("instances", "--input", "part-2.txt", "--vocab", "vocab.txt", *SHAPE)
    ended = typed(
        *(*again, "--output", "alone", "--seed", sidecar["parameters"]["seed"])
    )
    assert (ended.code, ended.err) == (0, "")
    assert Path("alone").read_bytes() == Path("records/part-2.tfrecord").read_bytes()
    assert f"{sidecar['counts']['instances']:,} instances" in ended.out


def test_a_second_time_nothing_is_made(typed, place):
    typed(*shards("--output-dir", "records"))
    before = {path: path.stat().st_mtime_ns for path in Path("records").iterdir()}
    ended = typed(*shards("--output-dir", "records"))
    assert ended.code == 0
    assert "4 of 4 are there." in ended.out
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_killed_and_run_again(typed, place):
    typed(*shards("--output-dir", "undisturbed", "--dupe-factor", "1000"))
    words = shards("--output-dir", "records", "--dupe-factor", "1000")
    command = [sys.executable, "-m", "suite", *words, "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while len(list(Path("records").glob("*.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(workers, timeout=60)  # they die with their parent
    assert len(list(Path("records").glob("*.json"))) < 4
    ended = typed(*words)
    assert ended.code == 0
    assert re.search("[23] of 4 are there", ended.out)
    assert contents("records") == contents("undisturbed")


def test_the_bad_file_is_named_before_any_shard_is_made(typed, place):
    words = shards("--output-dir", "records")
    for bad, message in (
        ("one.txt", "one.txt: expected two documents or more"),
        ("binary.txt", "binary.txt, line 1: expected text, found a zero byte"),
        ("none.txt", "none.txt, line 1: expected readable text"),
    ):
        ended = typed(words[0], *words[1:6], bad, *words[6:])
        assert (ended.code, ended.out) == (2, "")
        assert message in ended.err
        assert not Path("records").exists()
    ended = typed(
        *("instances", "--input", "one.txt", "--one-document", *words[6:]),
    )
    assert ended.code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--input", "one.txt"),
        ("--output", "records"),
        ("--input", "one.txt", "--output", "a", "--output-dir", "b"),
        ("--input", "one.txt", "--check", "a"),
        ("--input", "one.txt", "--check", "a", "--output", "b"),
    ],
)
def test_one_of_three_ways(typed, place, words):
    ended = typed("instances", "--vocab", "vocab.txt", *words)
    assert ended.code == 2
    assert "expected --input with --output or with --output-dir, or" in ended.err


def test_without_an_oddity(typed, place):
    for name, words in (
        ("original", ()),
        ("other", ("--without", "special-replacements", "same-document-random")),
    ):
        ended = typed(*shards("--output", name, *words))
        assert (ended.code, ended.err) == (0, "")
    original, other = (read_tfrecords([name]) for name in ("original", "other"))
    assert digest(original) != digest(other)
    ended = typed(*shards("--output", "other", "--without", "glue"))
    assert ended.code == 2
    assert "glue-across-sep" in ended.err


def test_what_was_made_is_checked(typed, place):
    long = ("--max-seq-length", "64", "--dupe-factor", "3")  # so that few are alike
    typed(*shards("--output", "good", "--masking", "whole-word", *long))
    ended = typed("instances", "--check", "good", "--vocab", "vocab.txt")
    assert ended.code == 0
    assert ended.out.endswith("Nothing is off.\n")
    assert "masking: whole-word" in ended.out
    records = read_tfrecords(["good"])
    records["next_sentence_labels"] = np.ones_like(records["next_sentence_labels"])
    write_tfrecords(["bad"], records)
    ended = typed("instances", "--check", "bad", "--vocab", "vocab.txt")
    assert ended.code == 1
    assert "All next-sentence labels are 1" in ended.out
    assert ended.out.endswith("1 finding off.\n")
    ended = typed("instances", "--check", "bad", "--vocab", "vocab.txt", "--json")
    assert (ended.code, ended.err) == (1, "")
    assert json.loads(ended.out)["is_off"]
