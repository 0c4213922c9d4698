"""A checkpoint whose vocabulary, casing or weights are another model's."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reference.arrays import read_arrays, write_arrays
from reference.checkpoint import Layout, write_config
from reference.conversion import convert
from reference.errors import InputError
from suite.doctor.checkpoint import examine_checkpoint
from suite.doctor.finding import Level
from tests.reference.random_bert import (
    CONFIG,
    copy_original,
    random_weights,
    vocab,
    write_ours,
)


@pytest.fixture
def ours(tmp_path):
    return write_ours(tmp_path / "mine", random_weights(), lower_case=True)


def named(directory, level=Level.FAULT) -> list[tuple[str, str]]:
    return [
        (finding.name, finding.file.name)
        for finding in examine_checkpoint(directory)
        if finding.level == level
    ]


def capitals(directory) -> None:
    pieces = vocab()
    pieces[-1] = "Piece"
    write_config(directory, CONFIG, pieces)


def test_a_sound_checkpoint(ours):
    assert [(f.level, f.name) for f in examine_checkpoint(ours)] == [
        (Level.OK, "weights")
    ]


def test_nobody_states_the_casing(tmp_path):
    directory = write_ours(tmp_path / "mine", random_weights())
    found = {f.name: f.found for f in examine_checkpoint(directory)}
    assert found["casing"] == "a lower-cased vocabulary"


def test_a_vocabulary_of_another_size(ours):
    write_config(ours, replace(CONFIG, vocab_size=30522), vocab())
    (of_vocabulary, of_weights) = examine_checkpoint(ours)
    assert of_vocabulary.name == "wrong vocabulary"
    assert of_vocabulary.expected.endswith("as the config says: the uncased one")
    assert of_weights.name == "wrong vocabulary size"
    assert of_weights.found == "40 in the weights"


def test_the_cased_vocabulary_beside_an_uncased_model(ours, shared):
    pieces = (shared / "data/vocab/cased/vocab.txt").read_bytes()
    (ours / "vocab.txt").write_bytes(pieces)
    assert named(ours) == [
        ("wrong vocabulary", "vocab.txt"),
        ("wrong casing", "checkpoint.json"),
    ]


@pytest.mark.parametrize("casing", ["uncased", "cased"])
def test_the_originals_vocabularies_are_known(tmp_path, shared, casing):
    """By their pieces: line ends do not matter."""
    pieces = (shared / f"data/vocab/{casing}/vocab.txt").read_text("utf-8").split("\n")
    pieces = pieces[: -1 if pieces[-1] == "" else None]
    config = replace(CONFIG, vocab_size=len(pieces))
    write_config(tmp_path, config, pieces)
    raw = (tmp_path / "vocab.txt").read_bytes()
    (tmp_path / "vocab.txt").write_bytes(raw.replace(b"\n", b"\r\n"))
    found = {f.name: f.found for f in examine_checkpoint(tmp_path)}
    assert found["vocabulary"] == f"the original's {casing} one"
    pieces[-2:] = pieces[:-3:-1]
    write_config(tmp_path, config, pieces)
    assert ("unknown vocabulary", "vocab.txt") in named(tmp_path, Level.NOTE)


def test_lower_case_stated_beside_capitals(ours):
    capitals(ours)
    assert named(ours) == [("wrong casing", "checkpoint.json")]


def test_capitals_kept_beside_none(tmp_path):
    directory = write_ours(tmp_path / "mine", random_weights(), lower_case=False)
    assert named(directory) == [("wrong casing", "checkpoint.json")]


def test_two_casings(ours):
    stated = {"do_lower_case": False}
    (ours / "tokenizer_config.json").write_text(json.dumps(stated))
    assert named(ours) == [
        ("wrong casing", "tokenizer_config.json"),
        ("two casings", "mine"),
    ]


@pytest.mark.parametrize(
    ("name", "is_fault"),
    [("cased_L-2_H-128_A-2", True), ("uncased_L-2_H-128_A-2", False), ("x", False)],
)
def test_a_folder_named_for_another_casing(ours, tmp_path, name, is_fault):
    directory = ours.rename(tmp_path / name)
    assert named(directory) == ([("wrong casing", "vocab.txt")] if is_fault else [])


@pytest.mark.parametrize("layout", list(Layout))
def test_any_layout(ours, tmp_path, layout):
    if layout == Layout.TF1:
        pytest.importorskip("tensorflow")
        directory = copy_original(tmp_path / "theirs")
    elif layout == Layout.OURS:
        directory = ours
    else:
        directory = tmp_path / "theirs"
        convert(ours, directory, layout)
    assert named(directory) == []
    (found,) = (f for f in examine_checkpoint(directory) if f.name == "weights")
    assert found.level == Level.OK


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("vocab.txt", b"a\nb\n", "vocabulary"),
        ("vocab.txt", b"\xff\n", "vocabulary"),
        ("bert_config.json", b"{", "config"),
        ("checkpoint.json", b"{", "casing"),
        ("model.safetensors", b"no such thing", "weights"),
    ],
)
def test_what_cannot_be_read_is_named(ours, file, content, name):
    (ours / file).write_bytes(content)
    assert name in {name for name, _ in named(ours)}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_named(ours, value):
    path = ours / "model.safetensors"
    arrays, note = read_arrays(path)
    arrays["bert/pooler/dense/bias"][3] = value
    write_arrays(path, arrays, note)
    (finding,) = (f for f in examine_checkpoint(ours) if f.level == Level.FAULT)
    assert finding.found == "NaN or infinity in bert/pooler/dense/bias"


@pytest.mark.parametrize("file", ["vocab.txt", "bert_config.json", "model.safetensors"])
def test_what_is_missing_is_named(ours, file):
    (ours / file).unlink()
    assert len(named(ours)) == 1
    (finding,) = (f for f in examine_checkpoint(ours) if f.level == Level.FAULT)
    assert "expected" in str(finding)


def test_it_must_be_a_directory(tmp_path):
    with pytest.raises(InputError, match="expected a checkpoint directory"):
        examine_checkpoint(tmp_path / "none")
