"""Tokenisation: equal to the original's, and bad vocabularies said plainly."""

import json
import subprocess
import sys

import numpy as np
import pytest

from reference.errors import InputError
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

PIECES = [*SPECIAL_TOKENS, "un", "##aff", "##able", "a", "b", "[", "]", "mask"]


@pytest.fixture
def vocab_file(tmp_path):
    """Writes a vocabulary (pieces or bytes) and returns its path."""

    def write(content):
        path = tmp_path / "vocab.txt"
        if not isinstance(content, bytes):
            content = "".join(f"{piece}\n" for piece in content).encode()
        path.write_bytes(content)
        return path

    return write


# SHA-256 of the original vocab.txt files.
UNCASED = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
CASED = "eeaa9875b23b04b4c54ef759d03db9d1ba1554838f8fb26c5d96fa551df93d02"


@pytest.mark.parametrize(
    ("casing", "size", "sha256"),
    [("uncased", 30522, UNCASED), ("cased", 28996, CASED)],
)
def test_equals_the_original_tokenizer(shared, casing, size, sha256):
    published = json.loads((shared / "goldens/tokenization.json").read_text())
    vocab_file = shared / "data/vocab" / casing / "vocab.txt"
    tokenizer = Tokenizer.from_file(vocab_file, lower_case=casing == "uncased")

    assert len(published["lines"]) == 445
    batch = tokenizer.encode_batch(published["lines"])
    pieces = [[tokenizer.vocab[index] for index in ids] for ids in batch]
    assert pieces == published[casing]
    assert [tokenizer.tokenize(line) for line in published["lines"]] == pieces
    assert len(tokenizer.vocab) == size
    assert tokenizer.sha256 == sha256


def test_attributes(vocab_file):
    tokenizer = Tokenizer.from_file(vocab_file(PIECES))
    assert tokenizer.vocab == PIECES
    assert tokenizer.lower_case
    ids = [
        tokenizer.pad_id,
        tokenizer.unk_id,
        tokenizer.cls_id,
        tokenizer.sep_id,
        tokenizer.mask_id,
    ]
    assert [PIECES[index] for index in ids] == list(SPECIAL_TOKENS)
    assert tokenizer.is_continuation.dtype == bool
    assert np.flatnonzero(tokenizer.is_continuation).tolist() == [6, 7]


def test_ids_follow_the_file_order(vocab_file):
    reordered = Tokenizer.from_file(vocab_file(PIECES[::-1]))
    assert reordered.encode_batch(["unaffable a", ""]) == [[7, 6, 5, 4], []]


def test_special_tokens_are_not_matched_in_text(vocab_file):
    tokenizer = Tokenizer.from_file(vocab_file(PIECES))
    assert tokenizer.tokenize("a [MASK] b") == ["a", "[", "mask", "]", "b"]


# Worked by hand from the original's rules; alone, the library would drop the private
# use character, write the other sigma, and make one unknown word of the last line.
@pytest.mark.parametrize(
    ("line", "lower_case", "words"),
    [
        ("a\N{NULL}a", True, ["aa"]),
        ("a\N{REPLACEMENT CHARACTER}a", True, ["aa"]),
        ("a\ue000a", True, ["a\ue000a"]),  # private use is kept
        ("\u039f\u03a3", True, ["\u03bf\u03c2"]),  # a sigma at the end of a word
        ("\u039f\u03a3", False, ["\u039f\u03a3"]),
        ("a\U0002b820a", True, ["a", "\U0002b820", "a"]),  # CJK Extension E
    ],
)
def test_where_the_library_differs_from_the_original(line, lower_case, words):
    tokenizer = Tokenizer([*SPECIAL_TOKENS, *dict.fromkeys(words)], lower_case)
    assert tokenizer.tokenize(line) == words


def test_words_of_200_characters_are_split_and_longer_ones_unknown():
    tokenizer = Tokenizer([*SPECIAL_TOKENS, "x", "##x"])
    assert tokenizer.tokenize("x" * 200) == ["x"] + ["##x"] * 199
    assert tokenizer.tokenize("x" * 201) == ["[UNK]"]


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_missing_special_token(vocab_file, token):
    path = vocab_file([piece for piece in PIECES if piece != token])
    with pytest.raises(InputError) as raised:
        Tokenizer.from_file(path)
    assert str(path) in str(raised.value)
    assert f"found no {token} in its 12 lines" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found no [PAD] [UNK] [CLS] [SEP] [MASK] in its 0 lines"),
        ([*PIECES, "a"], "line 14: expected every piece once, found 'a' again"),
        ([*PIECES[:3], "", *PIECES[3:]], "line 4: expected a word piece"),
        (b"[PAD]\n\xff\xfe\n", "line 2: expected UTF-8, found byte 0xff"),
    ],
)
def test_bad_vocabulary(vocab_file, content, message):
    path = vocab_file(content)
    with pytest.raises(InputError) as raised:
        Tokenizer.from_file(path)
    assert str(path) in str(raised.value)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_vocabulary_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt.*No such file"):
        Tokenizer.from_file(tmp_path / "none.txt")


def test_text_modules_import_neither_tensorflow_nor_keras():
    program = (
        "import sys, reference.features, reference.shards; "
        "print({'tensorflow', 'keras', 'jax', 'suite'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
