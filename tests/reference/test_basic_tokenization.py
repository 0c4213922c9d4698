"""Basic tokens: those that the original's word pieces are cut from."""

import json

import pytest

from reference.basic_tokenization import basic_words


def words_of(pieces: list[str]) -> list[str]:
    """Word pieces put together again."""
    words = []
    for piece in pieces:
        if piece.startswith("##") and len(piece) > 2:
            words[-1] += piece[2:]
        else:
            words.append(piece)
    return words


@pytest.mark.parametrize("casing", ["uncased", "cased"])
def test_equals_the_words_of_the_original_pieces(shared, casing):
    published = json.loads((shared / "goldens/tokenization.json").read_text())
    known = 0
    for line, pieces in zip(published["lines"], published[casing], strict=True):
        words = basic_words(line, lower_case=casing == "uncased")
        original = words_of(pieces)
        # What a word with unknown characters was, its [UNK] does not tell.
        assert len(words) == len(original)
        assert original == [
            word if piece != "[UNK]" else "[UNK]"
            for word, piece in zip(words, original, strict=True)
        ]
        known += "[UNK]" not in original
    assert known > len(published["lines"]) / 2


@pytest.mark.parametrize(
    ("text", "lower", "kept"),
    [
        ("Élan vital!", "elan vital !", "Élan vital !"),
        ("E\u0301lan", "elan", "E\u0301lan"),
        ("a\u200bb\0c\ufffdd", "abcd", "abcd"),
        ("1895–1943, $5^2", "1895 – 1943 , $ 5 ^ 2", "1895 – 1943 , $ 5 ^ 2"),
        ("東京 Tower", "東 京 tower", "東 京 Tower"),
        ("A\u00a0B\tC\u2028D", "a b c d", "A B C D"),
        ("ΟΔΟΣ", "οδος", "ΟΔΟΣ"),
        (" \n", "", ""),
    ],
)
def test_words(text, lower, kept):
    assert " ".join(basic_words(text, lower_case=True)) == lower
    assert " ".join(basic_words(text, lower_case=False)) == kept
