"""Checkpoint directories: ours read back, the original's read, damage refused."""

import sys

import numpy as np
import pytest

from reference.checkpoint import Layout, read_checkpoint, write_checkpoint
from reference.configuration import BertConfig
from reference.errors import InputError
from tests.reference.random_bert import (
    CONFIG,
    SMALL,
    assert_same_weights,
    copy_original,
    random_weights,
    vocab,
    write_ours,
)


@pytest.fixture
def weights():
    return random_weights()


@pytest.fixture
def ours(weights, tmp_path):
    return write_ours(tmp_path / "ours", weights, masking="whole-word")


@pytest.fixture
def originals(tmp_path):
    return copy_original(tmp_path / "originals")


def test_what_was_written_is_read_back(weights, ours):
    checkpoint = read_checkpoint(ours)
    assert checkpoint.layout == Layout.OURS
    assert checkpoint.config == CONFIG
    assert checkpoint.name == "BERT 2/8"
    assert checkpoint.masking == "whole-word"
    assert checkpoint.tokenizer.vocab == vocab()
    assert checkpoint.parts == ("encoder", "pooler", "masked_lm", "next_sentence")
    assert_same_weights(checkpoint.weights, weights)


def test_the_originals_checkpoint_is_the_same_model(originals, tmp_path):
    pytest.importorskip("tensorflow")
    config = BertConfig.from_file(SMALL / "bert_config.json")
    with np.load(SMALL / "weights.npz") as arrays:
        write_checkpoint(tmp_path / "same", config, dict(arrays), vocab(120), {})
    found = read_checkpoint(originals)
    assert found.layout == Layout.TF1
    assert found.sha256 == read_checkpoint(tmp_path / "same").sha256


def test_content_decides_the_hash(weights, ours, tmp_path):
    before = read_checkpoint(ours).sha256
    write_ours(tmp_path / "same", weights, masking="wordpiece")
    assert read_checkpoint(tmp_path / "same").sha256 == before
    bias = weights["bert/pooler/dense/bias"]
    bias[0] = np.nextafter(bias[0], np.float32(np.inf))
    write_ours(tmp_path / "other", weights)
    assert read_checkpoint(tmp_path / "other").sha256 != before


def test_casing_is_read_off_the_vocabulary(weights, tmp_path):
    for last, lower_case in (("piece", True), ("Piece", False)):
        directory = tmp_path / last
        own = [*vocab()[:-1], last]
        write_checkpoint(directory, CONFIG, weights, own, {})
        assert read_checkpoint(directory).tokenizer.lower_case is lower_case


def test_no_directory_no_weights_wrong_vocabulary(ours, tmp_path):
    with pytest.raises(InputError, match="no such checkpoint directory"):
        read_checkpoint(tmp_path / "nowhere")
    (ours / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab(30)))
    said = r"vocab\.txt: 30 word pieces, but bert_config\.json says 40"
    with pytest.raises(InputError, match=said):
        read_checkpoint(ours)
    (ours / "model.safetensors").unlink()
    (ours / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab()))
    with pytest.raises(InputError, match="no weights"):
        read_checkpoint(ours)


def test_weights_of_another_model_are_refused_by_name(weights, tmp_path):
    del weights["bert/embeddings/word_embeddings"]
    weights["more"] = np.zeros(3, np.float32)
    write_ours(tmp_path / "other", weights)
    with pytest.raises(InputError) as caught:
        read_checkpoint(tmp_path / "other")
    assert "1 missing (bert/embeddings/word_embeddings)" in str(caught.value)
    assert "1 extra (more)" in str(caught.value)


def test_truncated_weights_are_refused(ours):
    path = ours / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_checkpoint(ours)


def test_a_changed_number_is_refused(ours):
    path = ours / "model.safetensors"
    damaged = bytearray(path.read_bytes())
    damaged[-100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="the content is not what was written"):
        read_checkpoint(ours)


def test_a_description_that_is_no_object_is_refused(ours):
    (ours / "checkpoint.json").write_text("[1]")
    with pytest.raises(InputError, match=r"checkpoint\.json: expected a JSON object"):
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
