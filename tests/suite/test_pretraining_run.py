"""One pre-training as a job: what it refuses; training itself is slow."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.tfrecords import write_tfrecords
from suite.pretraining_run import PretrainingRun, pretrain_one, read_instances

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijk"]
CONFIG = BertConfig(len(PIECES), 8, 1, 2, 16, max_position_embeddings=12)


def instances(**changes) -> dict[str, np.ndarray]:
    """Four instances of twelve tokens that suit the model above."""
    rng = np.random.default_rng(0)
    return {
        "input_ids": rng.integers(0, len(PIECES), (4, 12)),
        "input_mask": np.ones((4, 12), int),
        "segment_ids": rng.integers(0, 2, (4, 12)),
        "masked_lm_positions": rng.integers(0, 12, (4, 2)),
        "masked_lm_ids": rng.integers(0, len(PIECES), (4, 2)),
        "masked_lm_weights": np.ones((4, 2), np.float32),
        "next_sentence_labels": rng.integers(0, 2, (4, 1)),
    } | changes


def written(directory: Path, **changes) -> Path:
    path = directory / "some.tfrecord"
    write_tfrecords([path], instances(**changes))
    return path


def test_instances_up_to_every_limit_are_read(tmp_path):
    limits = instances(
        input_ids=np.full((4, 12), len(PIECES) - 1),
        masked_lm_positions=np.full((4, 2), 11),
    )
    found = read_instances([written(tmp_path, **limits)], CONFIG)
    assert set(found) == set(limits)


def one_wrong(shape: tuple[int, int], value: int) -> np.ndarray:
    values = np.zeros(shape, int)
    values[-1, -1] = value
    return values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"input_ids": one_wrong((4, 12), 16)},
            "input_ids from 0 up and below 16, the size of the vocabulary, found 16",
        ),
        ({"input_ids": one_wrong((4, 12), -1)}, "found -1"),
        ({"masked_lm_ids": one_wrong((4, 2), 30521)}, "masked_lm_ids .* found 30521"),
        ({"segment_ids": one_wrong((4, 12), 2)}, "segment_ids .* below 2, .* found 2"),
        (
            {"masked_lm_positions": one_wrong((4, 2), 12)},
            "masked_lm_positions .* below 12, the length of the sequences, found 12",
        ),
        (
            {"input_ids": np.zeros((4, 13), int)},
            "at most 12 tokens, the model's positions, found 13",
        ),
    ],
)
def test_what_the_model_cannot_take_is_refused(tmp_path, changes, message):
    path = written(tmp_path, **changes)
    with pytest.raises(InputError, match=rf"some.tfrecord: expected .*{message}"):
        read_instances([path], CONFIG)


def test_other_records_are_refused(tmp_path):
    path = tmp_path / "other.tfrecord"
    write_tfrecords([path], {"input_ids": np.ones((2, 8), int)})
    with pytest.raises(InputError, match="found no input_mask, segment_ids, masked"):
        read_instances([path], CONFIG)


@pytest.mark.slow
def test_a_model_is_pretrained(tmp_path):
    records = written(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    run = PretrainingRun(
        train=(records,),
        held_out=(records,),
        vocab=tmp_path / "vocab.txt",
        model="BERT-Tiny",
        masking="whole-word",
        corpus=("a.txt", "b.txt"),
        directory=tmp_path / "made",
        num_train_steps=2,
        batch_size=2,
    )
    reports = []
    metrics = pretrain_one(run, reports.append)
    assert [report[:3] for report in reports] == [
        ("BERT-Tiny whole-word", step, 2) for step in (1, 2)
    ]
    checkpoint = read_checkpoint(run.directory)
    assert (checkpoint.name, checkpoint.masking) == ("BERT-Tiny", "whole-word")
    assert checkpoint.tokenizer.vocab == PIECES
    assert checkpoint.description["held_out"] == metrics
    assert checkpoint.description["corpus"] == ["a.txt", "b.txt"]
    with pytest.raises(InputError, match="other settings or data"):
        pretrain_one(replace(run, learning_rate=1e-3), reports.append)
