"""Whole pre-training runs in miniature: learning, resuming, refusing."""

import dataclasses
import json

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.pretraining import Pretraining, PretrainingSettings
from reference.tokenization import Tokenizer

pytestmark = pytest.mark.backend

CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
)
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str, range(35))]


class Killed(Exception):
    """Stands for the end of the process."""


def instances(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Sequences in which a masked token is told by its left neighbour."""
    rng = np.random.default_rng(seed)
    first = rng.integers(5, 40, size=(rows, 8))
    ids = np.repeat(first, 2, axis=1).astype(np.int32)
    positions = np.sort(rng.permuted(np.tile(np.arange(8), (rows, 1)), axis=1)[:, :2])
    positions = (2 * positions + 1).astype(np.int32)
    labels = np.take_along_axis(ids, positions, axis=1)
    np.put_along_axis(ids, positions, 4, axis=1)
    random_next = rng.integers(0, 2, size=(rows, 1)).astype(np.int32)
    return {
        "input_ids": ids,
        "input_mask": np.ones_like(ids),
        "segment_ids": np.repeat(random_next, 16, axis=1),
        "masked_lm_positions": positions,
        "masked_lm_ids": labels,
        "masked_lm_weights": np.ones((rows, 2), np.float32),
        "next_sentence_labels": random_next,
    }


def run_in(directory, steps=40, **settings) -> Pretraining:
    return Pretraining(
        config=CONFIG,
        tokenizer=Tokenizer(PIECES),
        settings=PretrainingSettings(steps, batch_size=8, learning_rate=3e-3)
        if not settings
        else PretrainingSettings(steps, **settings),
        train=instances(256, seed=1),
        held_out=instances(64, seed=2),
        directory=directory,
        description={"masking": "wordpiece"},
        save_every_seconds=0.0,
    )


def killed_at(step: int):
    def progress(reached, *_):
        if reached == step:
            raise Killed

    return progress


def test_a_run_learns_and_leaves_a_checkpoint(tmp_path):
    run = run_in(tmp_path, steps=600, batch_size=32, learning_rate=3e-3)
    metrics = dataclasses.replace(run, save_every_seconds=60.0).run()
    # By chance: 1/35 of tokens, loss log 35 = 3.56; half of the pairs, loss 0.69.
    assert metrics["masked_lm_accuracy"] > 0.5
    assert metrics["masked_lm_loss"] < 2.0
    assert metrics["next_sentence_accuracy"] > 0.9
    assert metrics["next_sentence_loss"] < 0.3
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.masking == "wordpiece"
    assert checkpoint.description["held_out"] == metrics


def test_killed_and_resumed_ends_as_if_undisturbed(tmp_path):
    expected = run_in(tmp_path / "whole").run()
    for step in (7, 8, 23):
        with pytest.raises(Killed):
            run_in(tmp_path / "killed").run(killed_at(step))
    assert run_in(tmp_path / "killed").run() == expected
    whole, killed = (
        read_checkpoint(tmp_path / name).weights for name in ("whole", "killed")
    )
    for name, value in whole.items():
        np.testing.assert_array_equal(killed[name], value)
    lines = (tmp_path / "killed" / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps))
    assert steps[-1] == 40


def test_a_torn_metrics_line_is_dropped(tmp_path):
    with pytest.raises(Killed):
        run_in(tmp_path).run(killed_at(10))
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 11, "lo')
    run_in(tmp_path).run()
    for line in (tmp_path / "metrics.jsonl").read_text().splitlines():
        assert json.loads(line)["loss"] > 0


def test_another_run_is_not_resumed(tmp_path):
    with pytest.raises(Killed):
        run_in(tmp_path).run(killed_at(10))
    with pytest.raises(InputError, match="other settings"):
        run_in(tmp_path, steps=50).run()


def test_other_data_of_the_same_size_is_not_resumed(tmp_path):
    with pytest.raises(Killed):
        run_in(tmp_path).run(killed_at(10))
    other = dataclasses.replace(run_in(tmp_path), train=instances(256, seed=3))
    with pytest.raises(InputError, match="other settings or data"):
        other.run()


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    run = run_in(tmp_path, steps=10, batch_size=8, learning_rate=3e-3)
    run.train["masked_lm_weights"][:] = np.nan
    with pytest.raises(InputError, match="not a number at step 0"):
        run.run()
    assert not (tmp_path / "model.safetensors").exists()


def test_no_steps_are_refused():
    with pytest.raises(InputError, match="at least one step"):
        PretrainingSettings(0)
