"""Text files to documents: what a document is, and what is no text."""

import contextlib
import gzip
import lzma

import pytest

from reference.corpus import read_documents, untokenised_documents
from reference.errors import InputError
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh", *(f"##{c}" for c in "abcdefgh")])
TEXT = "abc de\nfgh a b\n\nc\n\nhh gg ff ee dd cc bb aa\nab ab\n"


def test_blank_lines_begin_documents_and_files_do_not(corpus):
    paths = [corpus("a\n\n\nb\n", "1.txt"), corpus("c\r\n \n\a\nd", "2.txt")]
    ids = {piece: index for index, piece in enumerate(TOKENIZER.vocab)}
    a, b, c, d = ([ids[piece]] for piece in "abcd")
    assert read_documents(paths, TOKENIZER) == [[a], [b, c], [d]]


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_compressed_text_is_the_same_and_damage_is_told(corpus, suffix, pack):
    packed = pack(TEXT.encode())
    path = corpus(packed, f"corpus.txt{suffix}")
    plain = read_documents([corpus(TEXT)], TOKENIZER)
    assert read_documents([path], TOKENIZER) == plain
    for damaged in (packed[:-6], TEXT.encode()):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read") as raised:
            read_documents([path], TOKENIZER)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_files_put_together_are_read_to_their_end(corpus, suffix, pack):
    """A bit turned in any byte of the second is told; nothing is left out silently."""
    second = "hh gg\n" * 50
    packed = [pack(text.encode()) for text in (TEXT, second)]
    path = corpus(b"".join(packed), f"corpus.txt{suffix}")
    plain = read_documents([corpus(TEXT + second)], TOKENIZER)
    assert read_documents([path], TOKENIZER) == plain
    accepted = 0
    for place in range(len(packed[1])):
        damaged = bytearray(packed[1])
        damaged[place] ^= 1
        path.write_bytes(packed[0] + damaged)
        with contextlib.suppress(InputError):
            accepted += read_documents([path], TOKENIZER) != plain
    assert not accepted


def test_xz_may_be_padded_and_not_be_empty(corpus):
    packed = lzma.compress(TEXT.encode())
    path = corpus(packed + b"\0" * 8 + packed + b"\0" * 4, "corpus.txt.xz")
    plain = read_documents([corpus(TEXT + TEXT)], TOKENIZER)
    assert read_documents([path], TOKENIZER) == plain
    for suffix in (".gz", ".xz"):
        with pytest.raises(InputError, match="it is empty"):
            read_documents([corpus(b"", f"none.txt{suffix}")], TOKENIZER)


def test_text_that_is_not_utf8_names_file_and_line(corpus):
    path = corpus(b"a\nb\nc \xe9\n")
    with pytest.raises(InputError, match=r"corpus\.txt, line 3: .* 0xe9 at position 2"):
        read_documents([path], TOKENIZER)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\0\n", r"corpus\.txt, line 2: expected text, found a zero byte at pos"),
        ("a\nb\n".encode("utf-16-le"), r"line 1: .* UTF-16"),
        (
            b"a\n" + b"b" * 10**6,
            r"line 2: expected one sentence a line, found a line of",
        ),
    ],
)
def test_what_is_no_text(corpus, content, message):
    with pytest.raises(InputError, match=message):
        read_documents([corpus(content)], TOKENIZER)


@pytest.mark.parametrize("content", ["", "\n\n", " \n\a\n"])
def test_empty_corpus(corpus, content):
    with pytest.raises(InputError, match=r"corpus\.txt: expected text"):
        read_documents([corpus(content)], TOKENIZER)


def test_no_or_missing_corpus(tmp_path):
    with pytest.raises(InputError, match="expected text"):
        read_documents([], TOKENIZER)
    with pytest.raises(InputError, match=r"none\.txt.*No such file"):
        read_documents([tmp_path / "none.txt"], TOKENIZER)


def test_documents_before_they_are_tokenised(corpus):
    paths = [corpus("\n a b\nc\n\n \n\nd\n", "1.txt"), corpus("e\n\n\n", "2.txt")]
    found = [list(lines) for lines in untokenised_documents(paths)]
    assert found == [["a b", "c"], ["d", "e"]]
    assert list(untokenised_documents([corpus("\n \n")])) == []
    assert list(untokenised_documents([])) == []


def test_lines_are_read_as_they_are_asked_for(corpus):
    """A document may be larger than the memory, and the damage behind it."""
    documents = untokenised_documents([corpus(b"a\nb\n\xe9\n")])
    lines = next(documents)
    assert [next(lines), next(lines)] == ["a", "b"]
    with pytest.raises(InputError, match="line 3: expected UTF-8"):
        next(lines)
