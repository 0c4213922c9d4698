"""The verb `checkpoint` as a user types it: looking into one, and converting it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import Layout, read_checkpoint
from reference.conversion import convert
from suite import cli
from tests.reference.random_bert import random_weights, vocab, write_ours

ROOT = Path(__file__).resolve().parents[2]

PARTS = ("encoder", "pooler", "classifier")


@pytest.fixture
def typed(monkeypatch, capsys):
    """`python -m suite checkpoint WORDS`: exit code, output and errors."""

    def run(*words) -> tuple[int, str, str]:
        line = ["suite", "checkpoint", *map(str, words)]
        monkeypatch.setattr(sys, "argv", line)
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        else:
            code = 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def ours(tmp_path):
    weights = random_weights(PARTS, outputs=3)
    return write_ours(tmp_path / "ours", weights, masking="whole-word")


@pytest.mark.parametrize("words", [(), ("inspect",), ("convert",)])
def test_help(typed, words):
    code, out, _ = typed(*words, "--help")
    assert code == 0
    assert "Usage:" in out
    for word in ("Path", "<int", "None", "[inspect|", "reference."):
        assert word not in out


def test_inspect_in_words(typed, ours):
    code, out, err = typed("inspect", ours)
    assert (code, err) == (0, "")
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
        assert said in out
    assert "word_embeddings" not in out
    assert out.count("\n") == 8


def test_inspect_with_variables(typed, ours):
    _, out, _ = typed("inspect", ours, "--variables")
    assert "  bert/embeddings/word_embeddings  40 × 8\n" in out
    assert "  output_weights  3 × 8\n" in out


def test_inspect_for_scripts(typed, ours):
    code, out, _ = typed("inspect", ours, "--json", "--variables")
    said = json.loads(out)
    assert code == 0
    assert said["format"] == "ours"
    assert tuple(said["parts"]) == PARTS
    assert sum(said["parts"].values()) == said["parameters"]
    assert said["masking"] == "whole-word"
    assert len(said["shapes"]) == said["variables"]
    assert said["parameters"] == sum(map(np.prod, said["shapes"].values()))


def test_inspect_of_what_was_made_elsewhere(typed, ours, tmp_path):
    convert(ours, tmp_path / "theirs", Layout.HUGGINGFACE)
    (tmp_path / "theirs/checkpoint.json").unlink()
    _, out, _ = typed("inspect", tmp_path / "theirs")
    assert "Format      huggingface" in out
    assert "Masking     not recorded" in out


def test_a_checkpoint_of_the_original_without_a_word_of_tensorflow(tmp_path):
    pytest.importorskip("tensorflow")
    directory = tmp_path / "original"
    shutil.copytree(ROOT / "tests/data/model_small", directory)
    (directory / "vocab.txt").write_text("".join(f"{p}\n" for p in vocab(120)))
    command = [sys.executable, "-m", "suite", "checkpoint", "inspect", str(directory)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Format      tf1" in ended.stdout
    assert "next_sentence 66" in ended.stdout


def test_convert_to_and_fro(typed, ours, tmp_path):
    theirs, back = tmp_path / "theirs", tmp_path / "back"
    code, out, err = typed("convert", ours, theirs, "--format", "huggingface")
    assert (code, err) == (0, "")
    assert f"Directory   {theirs}" in out
    code, out, _ = typed("convert", theirs, back, "--format", "ours", "--json")
    assert code == 0
    assert json.loads(out)["sha256"] == read_checkpoint(ours).sha256
    for file in ("bert_config.json", "vocab.txt", "model.safetensors"):
        assert (back / file).read_bytes() == (ours / file).read_bytes()


def test_convert_does_not_overwrite_unless_told(typed, ours, tmp_path):
    theirs = tmp_path / "theirs"
    words = ("convert", ours, theirs, "--format")
    assert typed(*words, "huggingface")[0] == 0
    code, out, err = typed(*words, "ours")
    assert (code, out) == (2, "")
    assert "expected an empty directory or none" in err
    assert read_checkpoint(theirs).layout == Layout.HUGGINGFACE
    assert typed(*words, "ours", "--force")[0] == 0
    assert read_checkpoint(theirs).layout == Layout.OURS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("inspect", "none"), "none: no such checkpoint directory"),
        (("convert", "none", "there", "--format", "tf1"), "no such checkpoint"),
        (("convert", "none", "there", "--format", "onnx"), "'onnx' is not one of"),
        (("convert", "none", "there"), "Missing option '--format'"),
        (("inspect",), "Missing argument 'DIR'"),
    ],
)
def test_bad_usage_is_said_in_a_line(typed, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = typed(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_damage_is_said_in_a_line(typed, ours):
    path = ours / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, err = typed("inspect", ours)
    assert code == 2
    assert err.startswith(f"Error: {path}: not a readable safetensors file")
    assert err.count("\n") == 1
