"""One pre-training as a job: what it refuses; training itself is slow."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.pretraining_settings import PretrainingSettings
from reference.tfrecords import write_tfrecords
from suite.pretraining_run import (
    PretrainingRun,
    Records,
    phases_of,
    pretrain_one,
    read_instances,
    trials_of,
)

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


def test_records_that_were_cut_between_two_are_told_by_their_sidecar(tmp_path):
    path = written(tmp_path)
    whole = path.read_bytes()
    output = {"name": path.name, "bytes": len(whole)}
    path.with_suffix(".json").write_text(json.dumps({"output": output}))
    read_instances([path], CONFIG)
    path.write_bytes(whole + whole)
    with pytest.raises(InputError, match=r"some\.tfrecord: expected .* bytes, as some"):
        read_instances([path], CONFIG)
    path.with_suffix(".json").write_text('{"not": "ours"}')
    assert len(read_instances([path], CONFIG)["input_ids"]) == 8


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


def test_files_of_other_lengths_are_refused(tmp_path):
    paths = []
    for length in (8, 12):
        paths.append(tmp_path / f"{length}.tfrecord")
        changes = {n: instances()[n][:, :length] for n in ("input_ids", "input_mask")}
        changes["segment_ids"] = instances()["segment_ids"][:, :length]
        changes["masked_lm_positions"] = np.zeros((4, 2), int)
        write_tfrecords([paths[-1]], instances(**changes))
    with pytest.raises(InputError, match=r"of one length, found \[8, 12\]"):
        read_instances(paths, CONFIG)


def test_instances_take_little_memory(tmp_path):
    found = read_instances([written(tmp_path)], CONFIG)
    assert found["input_ids"].dtype == np.uint16
    assert found["input_mask"].dtype == np.uint8
    for name, values in instances().items():
        np.testing.assert_array_equal(found[name], values)


def test_the_last_steps_may_be_on_longer_sequences():
    (only,) = phases_of((["a"], 32), (None, None), 100, 0.1)
    assert (only.paths, only.num_train_steps, only.batch_size) == (("a",), 100, 32)
    first, second = phases_of((["a"], 32), (["b"], None), 100, 0.1)
    assert (first.num_train_steps, second.num_train_steps) == (90, 10)
    assert (second.paths, second.batch_size) == (("b",), 32)
    with pytest.raises(InputError, match="found 100 of 100 for the second"):
        phases_of((["a"], 32), (["b"], 8), 100, 1.0)


def test_a_trial_for_every_seed_and_drawn_masking():
    assert [t.name for t in trials_of(None, ["wordpiece"], False)] == ["seed12345"]
    names = [t.name for t in trials_of([1, 2], ["wordpiece", "whole-word"], True)]
    assert names == [
        f"{masking}_seed{seed}"
        for seed in (1, 2)
        for masking in ("wordpiece", "whole-word")
    ]
    with pytest.raises(InputError, match="--dynamic-masking: expected a --masking"):
        trials_of(None, None, True)
    with pytest.raises(InputError, match="add --dynamic-masking"):
        trials_of(None, ["wordpiece", "whole-word"], False)


@pytest.mark.slow
def test_a_model_is_pretrained(tmp_path):
    records = written(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    run = PretrainingRun(
        phases=(Records((records,), 2, batch_size=2),),
        held_out=(records,),
        vocab=tmp_path / "vocab.txt",
        model="BERT-Tiny",
        masking="whole-word",
        corpus=("a.txt", "b.txt"),
        directory=tmp_path / "made",
    )
    reports = []
    (metrics,) = pretrain_one(run, reports.append)
    assert [report[:3] for report in reports] == [
        ("BERT-Tiny whole-word", step, 2) for step in (1, 2)
    ]
    checkpoint = read_checkpoint(run.directory)
    assert (checkpoint.name, checkpoint.masking) == ("BERT-Tiny", "whole-word")
    assert checkpoint.tokenizer.vocab == PIECES
    assert checkpoint.description["held_out"] == metrics
    assert checkpoint.description["corpus"] == ["a.txt", "b.txt"]
    with pytest.raises(InputError, match="other settings or data"):
        pretrain_one(replace(run, settings=PretrainingSettings(1e-3)), reports.append)
