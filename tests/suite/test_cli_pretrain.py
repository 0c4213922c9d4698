"""`pretrain` as typed: killed at random moments and gone on with, two at a time."""

import os
import random
import signal
import time
from contextlib import suppress

import pytest

from tests.suite.cli_place import typed_in_a_shell

KILLS = 10
STEPS = 400
TRIALS = ("wordpiece_seed1", "whole-word_seed1")


@pytest.fixture(scope="module")
def pretrain(tmp_path_factory):
    """Start the same small pre-training in any directory."""
    place = tmp_path_factory.mktemp("place")
    pieces = [*"abcdefghijklmnop", *(f"##{letter}" for letter in "abcdefgh")]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]
    (place / "vocab.txt").write_text("\n".join(vocab) + "\n")
    rng = random.Random(0)
    lines = [
        " ".join(
            "".join(rng.choices("abcdefgh", k=rng.randint(1, 3))) for _ in range(6)
        )
        for _ in range(200)
    ]
    lines[50] = lines[100] = lines[150] = ""
    (place / "text.txt").write_text("\n".join(lines))
    options = ("--vocab", place / "vocab.txt")
    made = typed_in_a_shell(
        *("instances", "--input", place / "text.txt", "--max-seq-length", 32),
        *("--output", place / "made.tfrecord", "--dupe-factor", 2, *options),
    )
    made.communicate(timeout=120)
    assert made.returncode == 0

    def start(directory):
        return typed_in_a_shell(
            *("pretrain", "--input", place / "made.tfrecord", *options),
            *("--held-out", place / "made.tfrecord", "--output-dir", directory),
            *("--num-train-steps", STEPS, "--batch-size", 4, "--seed", 1),
            *("--dynamic-masking", "--masking", "wordpiece", "whole-word"),
            *("--log-every", 1, "--save-every", 0),
            start_new_session=True,
        )

    return start


def killed(process, directory, after: float) -> bool:
    """Kill the command and its worker some time after the first state is there."""
    while process.poll() is None and not list(directory.glob("states/step-*")):
        time.sleep(0.05)
    time.sleep(after)
    was_running = process.poll() is None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


@pytest.mark.slow
def test_killed_ten_times_it_ends_as_if_it_had_not_been(pretrain, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    process = pretrain(whole)
    assert process.communicate(timeout=900)[1] == ""
    rng, kills = random.Random(1), 0
    for _ in range(KILLS):
        kills += killed(pretrain(stopped), stopped, rng.uniform(0.0, 12.0))
    process = pretrain(stopped)
    out, err = process.communicate(timeout=900)
    assert (process.returncode, err) == (0, "")
    assert kills >= 3  # or else nothing was tested; a fast machine ends earlier
    for name in ("metrics.jsonl", *(f"{t}/model.safetensors" for t in TRIALS)):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    assert out.count("Checkpoint: ") == len(TRIALS)
    assert len(list((stopped / "states").iterdir())) == 2
