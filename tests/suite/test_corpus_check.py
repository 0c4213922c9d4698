"""Text is checked before work begins."""

import hashlib
import os
import shutil
from collections import namedtuple
from dataclasses import replace

import pytest

from reference.errors import InputError
from reference.instances import InstanceSettings
from reference.shards import write_shard
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.corpus_check import CheckedText, check_pooled, check_room, check_text

TEXT = "a b c\nd\n\n\n \ne\n"
SETTINGS = InstanceSettings()


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_what_is_counted(text):
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert check_text(text, SETTINGS, 2) == CheckedText(text, sha256, 5)


def test_of_a_long_line_only_a_sequence_counts(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("a " * 1000 + "\n\nb\n")
    assert check_text(path, SETTINGS, 2).words == 129


@pytest.mark.parametrize(
    ("content", "least", "message"),
    [
        ("", 2, r"bad\.txt: expected text, .*; found none"),
        ("\n \n", 1, r"bad\.txt: expected text, .*; found none"),
        ("a\nb\n\n\n", 2, r"bad\.txt: expected two documents .* found one.*--one-"),
        (b"a\n\nb\xff\n", 2, r"bad\.txt, line 3: expected UTF-8, found byte 0xff"),
        ("a\nb\n".encode("utf-16-le"), 2, r"line 1: .*found a zero byte"),
        ("a\n\n" + "b" * 10**6, 2, r"line 3: expected one sentence a line"),
    ],
)
def test_bad_text(tmp_path, content, least, message):
    path = tmp_path / "bad.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as raised:
        check_text(path, SETTINGS, least)
    assert "\n" not in str(raised.value)


def test_one_document_where_it_is_allowed(tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("a\nb\n")
    assert check_text(path, SETTINGS, 1).words == 2


def test_pooled_files_are_one_text(tmp_path):
    paths = [tmp_path / "1.txt", tmp_path / "2.txt"]
    out = [tmp_path / "out"]
    for path in paths:
        path.write_text("a\n")  # a new file begins no document
    with pytest.raises(InputError, match=r"1\.txt, .*2\.txt: expected two documents"):
        check_pooled(paths, out, SETTINGS, 2)
    paths[0].write_text("a\n\n")
    check_pooled(paths, out, SETTINGS, 2)


def test_bad_outputs(text):
    for outputs, message in (
        ([text], "that is not an input"),
        ([], "expected one or more"),
        ([text.parent / "a", text.parent / "." / "a"], "each named once"),
    ):
        with pytest.raises(InputError, match=message):
            check_pooled([text], outputs, SETTINGS, 2)
    assert text.read_text() == TEXT


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="one may not"):
        check_room(tmp_path, 1, SETTINGS)


def test_room_on_the_disk(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 10**9))
    check_room(tmp_path, 10**6, SETTINGS)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, 10**7))
    # 10 times a million words in sequences of less than 256, 504 bytes each.
    with pytest.raises(InputError, match=r"at least 20 MB .* found 10 MB free"):
        check_room(tmp_path, 10**6, SETTINGS)


@pytest.mark.parametrize("words_a_line", [1, 3, 10, 50])
def test_what_is_made_needs_more_than_the_least(tmp_path, monkeypatch, words_a_line):
    """Room for what was made is enough, whatever the text."""
    line = " ".join(["a"] * words_a_line)
    (tmp_path / "text.txt").write_text(f"{line}\n{line}\n\n" * 300)
    settings = replace(SETTINGS, max_seq_length=16, max_predictions_per_seq=2)
    tokenizer = Tokenizer([*SPECIAL_TOKENS, "a"])
    write_shard([tmp_path / "text.txt"], [tmp_path / "out"], tokenizer, settings)
    made = (tmp_path / "out").stat().st_size
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(made))
    words = check_text(tmp_path / "text.txt", settings, 2).words
    check_room(tmp_path, words, settings)
