"""The verb `checkpoint` as a user types it: looking into one, and converting it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import Layout, read_checkpoint
from reference.conversion import convert
from tests.reference.random_bert import copy_original, random_weights, write_ours

ROOT = Path(__file__).resolve().parents[2]

INSPECT, CONVERT = ("checkpoint", "inspect"), ("checkpoint", "convert")
PARTS = ("encoder", "pooler", "classifier")


@pytest.fixture
def ours(tmp_path):
    weights = random_weights(PARTS, outputs=3)
    return write_ours(tmp_path / "ours", weights, masking="whole-word")


@pytest.mark.parametrize("words", [(), ("inspect",), ("convert",)])
def test_help(typed, words):
    ended = typed("checkpoint", *words, "--help")
    assert ended.code == 0
    assert "Usage:" in ended.out
    for word in ("Path", "<int", "None", "[inspect|", "reference."):
        assert word not in ended.out


def test_inspect_in_words(typed, ours):
    ended = typed(*INSPECT, ours)
    assert (ended.code, ended.err) == (0, "")
    checkpoint = read_checkpoint(ours)
    total = sum(w.size for w in checkpoint.weights.values())
    for said in (
        "Format      ours",
        "BERT 2/8: 2 layers, 8 wide, 2 attention heads, 16 positions",
        f"{total:,} (encoder ",
        "pooler 72, classifier 27)",
        "Masking     whole-word",
        "40 word pieces, lower-cased",
        checkpoint.sha256,
        f"{len(checkpoint.weights)}, all float32",
    ):
        assert said in ended.out
    assert "word_embeddings" not in ended.out
    assert ended.out.count("\n") == 8


def test_inspect_with_variables(typed, ours):
    out = typed(*INSPECT, ours, "--variables").out
    assert "  bert/embeddings/word_embeddings  40 × 8\n" in out
    assert "  output_weights  3 × 8\n" in out


def test_inspect_for_scripts(typed, ours):
    ended = typed(*INSPECT, ours, "--json", "--variables")
    said = json.loads(ended.out)
    assert ended.code == 0
    assert said["format"] == "ours"
    assert tuple(said["parts"]) == PARTS
    assert sum(said["parts"].values()) == said["parameters"]
    assert said["masking"] == "whole-word"
    assert len(said["shapes"]) == said["variables"]
    assert said["parameters"] == sum(map(np.prod, said["shapes"].values()))


def test_inspect_of_what_was_made_elsewhere(typed, ours, tmp_path):
    convert(ours, tmp_path / "theirs", Layout.HUGGINGFACE)
    (tmp_path / "theirs/checkpoint.json").unlink()
    out = typed(*INSPECT, tmp_path / "theirs").out
    assert "Format      huggingface" in out
    assert "Masking     not recorded" in out


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"hidden_act": "gelu"}, True),
        ({"hidden_act": "gelu_new"}, False),
        ({"hidden_act": "gelu_pytorch_tanh"}, False),
        ({}, True),  # what transformers takes it for
    ],
)
def test_an_activation_that_transformers_computes_otherwise(
    typed, ours, tmp_path, stated, said
):
    theirs = tmp_path / "theirs"
    convert(ours, theirs, Layout.HUGGINGFACE)
    config = json.loads((theirs / "config.json").read_text())
    del config["hidden_act"]
    (theirs / "config.json").write_text(json.dumps(config | stated))
    out = typed(*INSPECT, theirs).out
    assert ("\nActivation  the original's approximation of GELU" in out) is said
    assert ("transformers computes the exact one" in out) is said
    assert out.count("\n") == 8 + said
    as_json = json.loads(typed(*INSPECT, theirs, "--json").out)
    assert as_json["exact_gelu_in_transformers"] is said


def test_a_checkpoint_of_the_original_without_a_word_of_tensorflow(tmp_path):
    pytest.importorskip("tensorflow")
    directory = copy_original(tmp_path / "original")
    command = [sys.executable, "-m", "suite", "checkpoint", "inspect", str(directory)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Format      tf1" in ended.stdout
    assert "next_sentence 66" in ended.stdout


def test_convert_to_and_fro(typed, ours, tmp_path):
    theirs, back = tmp_path / "theirs", tmp_path / "back"
    ended = typed(*CONVERT, ours, theirs, "--format", "huggingface")
    assert (ended.code, ended.err) == (0, "")
    assert f"Directory   {theirs}" in ended.out
    ended = typed(*CONVERT, theirs, back, "--format", "ours", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["sha256"] == read_checkpoint(ours).sha256
    for file in ("bert_config.json", "vocab.txt", "model.safetensors"):
        assert (back / file).read_bytes() == (ours / file).read_bytes()


def test_convert_does_not_overwrite_unless_told(typed, ours, tmp_path):
    theirs = tmp_path / "theirs"
    words = (*CONVERT, ours, theirs, "--format")
    assert typed(*words, "huggingface").code == 0
    ended = typed(*words, "ours")
    assert (ended.code, ended.out) == (2, "")
    assert "expected an empty directory or none" in ended.err
    assert read_checkpoint(theirs).layout == Layout.HUGGINGFACE
    assert typed(*words, "ours", "--force").code == 0
    assert read_checkpoint(theirs).layout == Layout.OURS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*INSPECT, "none"), "none: no such checkpoint directory"),
        ((*CONVERT, "none", "there", "--format", "tf1"), "no such checkpoint"),
        ((*CONVERT, "none", "there", "--format", "onnx"), "'onnx' is not one of"),
        ((*CONVERT, "none", "there"), "Missing option '--format'"),
        (INSPECT, "Missing argument 'DIR'"),
    ],
)
def test_bad_usage_is_said_in_a_line(typed, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    ended = typed(*words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


def test_damage_is_said_in_a_line(typed, ours):
    path = ours / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    ended = typed(*INSPECT, ours)
    assert ended.code == 2
    assert ended.err.startswith(f"Error: {path}: not a readable safetensors file")
    assert ended.err.count("\n") == 1
