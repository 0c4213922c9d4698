"""Checkpoint directories: ours read back, the original's read, damage refused."""

import shutil
import sys

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint, write_checkpoint
from reference.errors import InputError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def vocab(size: int) -> list[str]:
    return SPECIAL + [f"piece{i}" for i in range(size - len(SPECIAL))]


@pytest.fixture
def ours(golden, tmp_path):
    directory = tmp_path / "ours"
    pieces = vocab(golden.config.vocab_size)
    description = {"masking": "whole-word", "lower_case": True}
    write_checkpoint(directory, golden.config, golden.weights, pieces, description)
    return directory


@pytest.fixture
def originals(golden, tmp_path):
    """The golden's TensorFlow 1 checkpoint in a directory of its own."""
    directory = tmp_path / "originals"
    shutil.copytree(golden.folder, directory)
    pieces = vocab(golden.config.vocab_size)
    (directory / "vocab.txt").write_text("".join(f"{p}\n" for p in pieces))
    return directory


def test_what_was_written_is_read_back(golden, ours):
    checkpoint = read_checkpoint(ours)
    assert checkpoint.config == golden.config
    assert checkpoint.masking == "whole-word"
    assert checkpoint.tokenizer.vocab == vocab(golden.config.vocab_size)
    assert checkpoint.weights.keys() == golden.weights.keys()
    for name, value in golden.weights.items():
        np.testing.assert_array_equal(checkpoint.weights[name], value)


def test_the_originals_checkpoint_is_the_same_model(ours, originals):
    pytest.importorskip("tensorflow")
    assert read_checkpoint(originals).sha256 == read_checkpoint(ours).sha256


def test_content_decides_the_hash(golden, ours, tmp_path):
    weights = {name: value.copy() for name, value in golden.weights.items()}
    weights["bert/pooler/dense/bias"][0] += 1e-6
    other = tmp_path / "other"
    pieces = vocab(golden.config.vocab_size)
    write_checkpoint(other, golden.config, weights, pieces, {"lower_case": True})
    assert read_checkpoint(other).sha256 != read_checkpoint(ours).sha256


def test_casing_is_read_off_the_vocabulary(golden, tmp_path):
    pieces = vocab(golden.config.vocab_size)
    for last, lower_case in (("piece", True), ("Piece", False)):
        directory = tmp_path / last
        own = [*pieces[:-1], last]
        write_checkpoint(directory, golden.config, golden.weights, own, {})
        assert read_checkpoint(directory).tokenizer.lower_case is lower_case


def test_no_directory_no_weights_wrong_vocabulary(golden, ours, tmp_path):
    with pytest.raises(InputError, match="no such checkpoint directory"):
        read_checkpoint(tmp_path / "nowhere")
    (ours / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab(90)))
    with pytest.raises(InputError, match="90 word pieces"):
        read_checkpoint(ours)
    (ours / "model.safetensors").unlink()
    (ours / "vocab.txt").write_text(
        "".join(f"{p}\n" for p in vocab(golden.config.vocab_size))
    )
    with pytest.raises(InputError, match="no weights"):
        read_checkpoint(ours)


def test_truncated_weights_are_refused(ours):
    path = ours / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_checkpoint(ours)


def test_a_damaged_tensorflow_checkpoint_is_refused(originals):
    pytest.importorskip("tensorflow")
    path = originals / "bert_model.ckpt.data-00000-of-00001"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="damaged checkpoint"):
        read_checkpoint(originals)


def test_without_tensorflow_its_checkpoints_are_refused(originals, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match="needs TensorFlow"):
        read_checkpoint(originals)
