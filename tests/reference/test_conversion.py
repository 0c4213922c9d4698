"""Between the layouts: bit for bit, whole or not at all, and nothing overwritten."""

from pathlib import Path

import pytest

from reference import conversion
from reference.checkpoint import Layout, read_checkpoint
from reference.conversion import convert
from reference.errors import InputError
from tests.reference.random_bert import (
    assert_same_weights,
    copy_original,
    random_weights,
    write_ours,
)

TF1_FILES = ("bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001")


@pytest.fixture
def ours(tmp_path):
    made = {"masking": "whole-word", "lower_case": False}
    return write_ours(tmp_path / "ours", random_weights(), **made)


def listing(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_around_all_layouts_and_back_to_the_same_files(tmp_path):
    """TF1 → ours → Hugging Face → ours → TF1, from a checkpoint of the original."""
    pytest.importorskip("tensorflow")
    first = copy_original(tmp_path / "original")
    original = read_checkpoint(first)
    assert original.layout == Layout.TF1
    source = first
    for number, layout in enumerate(
        (Layout.OURS, Layout.HUGGINGFACE, Layout.OURS, Layout.TF1)
    ):
        target = tmp_path / str(number)
        written = convert(source, target, layout)
        assert written.directory == target
        assert written.layout == layout
        again = read_checkpoint(target)
        assert again.layout == layout
        assert again.sha256 == original.sha256
        assert_same_weights(again.weights, original.weights)
        source = target
    for name in (*TF1_FILES, "vocab.txt"):
        assert (source / name).read_bytes() == (first / name).read_bytes()


@pytest.mark.parametrize("layout", [Layout.OURS, Layout.HUGGINGFACE])
def test_how_the_model_was_made_goes_along(tmp_path, ours, layout):
    convert(ours, tmp_path / "there", layout)
    found = read_checkpoint(tmp_path / "there")
    assert found.masking == "whole-word"
    assert found.tokenizer.lower_case is False


def test_what_is_there_is_not_overwritten(tmp_path, ours):
    target = tmp_path / "there"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    before = listing(target)
    with pytest.raises(InputError, match=r"found notes.txt; .* --force"):
        convert(ours, target, Layout.OURS)
    with pytest.raises(InputError, match=r"nothing but a checkpoint .* notes.txt"):
        convert(ours, target, Layout.OURS, force=True)
    assert listing(target) == before
    with pytest.raises(InputError, match="expected a directory, found a file"):
        convert(ours, target / "notes.txt", Layout.OURS, force=True)


def test_a_checkpoint_is_replaced_as_a_whole_when_asked(tmp_path, ours):
    target = tmp_path / "there"
    convert(ours, target, Layout.HUGGINGFACE)
    convert(ours, target, Layout.OURS, force=True)
    names = {"bert_config.json", "vocab.txt", "checkpoint.json", "model.safetensors"}
    assert set(listing(target)) == names
    assert set(tmp_path.iterdir()) == {ours, target}


def test_into_an_empty_directory_and_into_itself(tmp_path, ours):
    before = read_checkpoint(ours).sha256
    (tmp_path / "empty").mkdir()
    convert(ours, tmp_path / "empty", Layout.HUGGINGFACE)
    convert(ours, ours, Layout.HUGGINGFACE, force=True)
    for directory in (tmp_path / "empty", ours):
        found = read_checkpoint(directory)
        assert (found.layout, found.sha256) == (Layout.HUGGINGFACE, before)


def test_stopped_on_the_way_everything_is_as_before(tmp_path, ours, monkeypatch):
    target = tmp_path / "there"
    convert(ours, target, Layout.HUGGINGFACE)
    before = listing(target)

    def stopped(checkpoint, directory, layout):
        (directory / "config.json").write_text("half of")
        raise KeyboardInterrupt

    monkeypatch.setattr(conversion, "write_layout", stopped)
    for place in (target, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            convert(ours, place, Layout.OURS, force=True)
    assert listing(target) == before
    assert set(tmp_path.iterdir()) == {ours, target}


def test_what_reads_back_otherwise_is_not_kept(tmp_path, ours, monkeypatch):
    honest = conversion.write_layout

    def faulty(checkpoint, directory, layout):
        checkpoint.weights["bert/pooler/dense/bias"][0] += 1
        honest(checkpoint, directory, layout)
        checkpoint.weights["bert/pooler/dense/bias"][0] -= 1

    monkeypatch.setattr(conversion, "write_layout", faulty)
    with pytest.raises(InputError, match="read back otherwise"):
        convert(ours, tmp_path / "there", Layout.OURS)
    assert set(tmp_path.iterdir()) == {ours}
