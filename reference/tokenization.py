"""WordPiece tokenisation equal to the original's FullTokenizer.

Source: tokenization.py of google-research/bert, rebuilt on Hugging Face `tokenizers`
(Rust). Three things that library does otherwise than the original are done here before
it sees a line, see `Tokenizer._prepared`. What still differs are marks and punctuation
that Unicode added or moved after version 8, some 500 characters of rare scripts, where
the original itself depends on the Python that runs it. Not here: [CLS], [SEP] and
padding, which belong to those who build sequences.
"""

import functools
import hashlib
import itertools
import os
import re
import string
import unicodedata
from collections.abc import Sequence

import numpy as np
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from reference.errors import InputError

CONTINUATION = "##"
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_CHARS_PER_WORD = 200  # longer words become [UNK]
KNOWN_WORDS = 1_000_000  # whose pieces are remembered: a bound on the memory
_SET_APART = str.maketrans({mark: f" {mark} " for mark in string.punctuation})
# CJK Extension E begins at U+2B820; `tokenizers` has it begin at U+2B920.
_CJK_LEFT_OUT = re.compile("[\U0002b820-\U0002b91f]")


class Tokenizer:
    """Text to word pieces and their ids, for one vocabulary and one casing.

    Attributes: `vocab` (pieces in file order, so that a piece's place is its id),
    `lower_case`, the ids `pad_id`, `unk_id`, `cls_id`, `sep_id` and `mask_id`,
    `is_continuation` (bool[V], the piece begins with ##), `ordinary_ids` (those of all
    pieces but the special tokens and [unused...]) and `sha256` of the pieces, one a
    line.
    """

    def __init__(self, vocab: Sequence[str], lower_case: bool = True):
        """Build from pieces in id order; see `from_file` for a checked vocabulary."""
        self.vocab = list(vocab)
        self.lower_case = lower_case
        ids = {piece: index for index, piece in enumerate(self.vocab)}
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = (
            ids[token] for token in SPECIAL_TOKENS
        )
        self.is_continuation = np.array([p.startswith(CONTINUATION) for p in vocab])
        self.ordinary_ids = [
            index for piece, index in ids.items() if not _is_special(piece)
        ]
        content = "".join(f"{piece}\n" for piece in self.vocab)
        self.sha256 = hashlib.sha256(content.encode()).hexdigest()
        self._pipeline = _pipeline(ids, strip_accents=lower_case)
        self._known: _KnownWords | None = None

    @classmethod
    def from_file(
        cls, vocab_file: str | os.PathLike, lower_case: bool | None = True
    ) -> "Tokenizer":
        """Read a vocab.txt, one piece a line; InputError names what is wrong in it.

        With `lower_case` None the vocabulary tells: one made from lower-cased text
        holds no capitals.
        """
        vocab = _read_vocab(vocab_file)
        if lower_case is None:
            lower_case = all(p == p.lower() for p in vocab if p not in SPECIAL_TOKENS)
        return cls(vocab, lower_case)

    def encode_batch(self, lines: Sequence[str]) -> list[list[int]]:
        """Ids of the pieces of each line, without [CLS] and [SEP]."""
        tokens, lengths = self.encode_joined(lines)
        ends = lengths.cumsum().tolist()
        ids = tokens.tolist()
        return [ids[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def encode_joined(self, lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The same ids one line after the other, int32[T], and how many each line has.

        A word has the same pieces wherever it stands, so each is cut only once.
        """
        # The pipeline would set punctuation apart, too; but then "end." and "end," were
        # two words to cut and to remember.
        words = [self._prepared(line).translate(_SET_APART).split() for line in lines]
        all_words = list(itertools.chain.from_iterable(words))
        if self._known is None or len(self._known) > KNOWN_WORDS:
            self._known = _KnownWords(self._pipeline)
        tokens, word_lengths = self._known.pieces(all_words)
        token_ends = np.concatenate([[0], word_lengths.cumsum()])
        line_ends = np.cumsum([0, *map(len, words)])
        return tokens, np.diff(token_ends[line_ends])

    def tokenize(self, line: str) -> list[str]:
        """The pieces of one line, in words."""
        return [self.vocab[index] for index in self.encode_batch([line])[0]]

    def _prepared(self, line: str) -> str:
        """Do what `tokenizers` does otherwise than the original.

        It would drop private-use characters along with the control characters, not
        know the sigma that Greek writes at the end of a word, and join some of the CJK
        characters to their neighbours.
        """
        if not line.isprintable():  # most lines are, and that is quickly known
            line = _control_characters().sub("", line)
        if not line.isascii():
            line = line.replace("\N{REPLACEMENT CHARACTER}", "")
            line = _CJK_LEFT_OUT.sub(r" \g<0> ", line)
        return line.lower() if self.lower_case else line


class _KnownWords:
    """Words that have been cut, with their pieces."""

    def __init__(self, pipeline: tokenizers.Tokenizer):
        self._pipeline = pipeline
        self._numbers: dict[str, int] = {}
        self._pieces = np.zeros(0, np.int32)  # of all words, one after the other
        self._ends = np.zeros(1, np.int64)  # of word i at i + 1

    def __len__(self) -> int:
        return len(self._numbers)

    def pieces(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The ids of the words one after the other, and how many each has."""
        self._cut(set(words) - self._numbers.keys())
        numbers = np.fromiter(map(self._numbers.__getitem__, words), np.int64)
        lengths = self._ends[numbers + 1] - self._ends[numbers]
        ends = lengths.cumsum()
        shifts = self._ends[numbers] - (ends - lengths)  # from here to their place
        places = np.repeat(shifts, lengths) + np.arange(lengths.sum())
        return self._pieces[places], lengths

    def _cut(self, words: set[str]) -> None:
        new = list(words)
        encodings = self._pipeline.encode_batch_fast(new, add_special_tokens=False)
        ids = [encoding.ids for encoding in encodings]
        self._numbers.update(zip(new, itertools.count(len(self)), strict=False))
        flat = np.fromiter(itertools.chain.from_iterable(ids), np.int32)
        ends = self._ends[-1] + np.cumsum([len(one) for one in ids], dtype=np.int64)
        self._pieces = np.concatenate([self._pieces, flat])
        self._ends = np.concatenate([self._ends, ends])


def _is_special(piece: str) -> bool:
    return piece in SPECIAL_TOKENS or piece.startswith("[unused")


def _pipeline(ids: dict[str, int], strip_accents: bool) -> tokenizers.Tokenizer:
    """Spaces around CJK characters, accents, split at punctuation, longest match.

    The special tokens are ordinary pieces: "[MASK]" in a text is three words.
    """
    pipeline = tokenizers.Tokenizer(
        models.WordPiece(
            ids,
            unk_token="[UNK]",
            max_input_chars_per_word=MAX_CHARS_PER_WORD,
            continuing_subword_prefix=CONTINUATION,
        )
    )
    pipeline.normalizer = normalizers.BertNormalizer(
        clean_text=False,
        handle_chinese_chars=True,
        strip_accents=strip_accents,
        lowercase=False,
    )
    pipeline.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return pipeline


@functools.cache
def _control_characters() -> re.Pattern:
    """Any character of the categories Cc and Cf but tab and line ends."""
    planes = (range(0x20000), range(0xE0000, 0xE1000))  # Cf is nowhere else
    characters = [
        chr(code)
        for plane in planes
        for code in plane
        if unicodedata.category(chr(code)) in ("Cc", "Cf") and chr(code) not in "\t\n\r"
    ]
    return re.compile(f"[{re.escape(''.join(characters))}]")


def _read_vocab(vocab_file: str | os.PathLike) -> list[str]:
    """The pieces in file order, checked."""
    try:
        with open(vocab_file, "rb") as file:
            raw_lines = file.read().split(b"\n")
    except OSError as error:
        raise InputError(
            f"{vocab_file}: expected a vocabulary, one word piece a line; cannot be "
            f"read ({error.strerror}); give the vocab.txt of your checkpoint"
        ) from error
    if raw_lines[-1] == b"":
        raw_lines.pop()
    first_seen: dict[str, int] = {}
    for number, raw_line in enumerate(raw_lines, start=1):
        piece = _piece(raw_line, f"{vocab_file}, line {number}")
        if piece in first_seen:
            raise InputError(
                f"{vocab_file}, line {number}: expected every piece once, found "
                f"{piece!r} again (first in line {first_seen[piece]}); remove one"
            )
        first_seen[piece] = number
    _check_special_tokens(vocab_file, first_seen)
    return list(first_seen)


def _piece(raw_line: bytes, where: str) -> str:
    try:
        piece = raw_line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, found byte 0x{raw_line[error.start]:02x} at "
            f"position {error.start}; save the vocabulary as UTF-8"
        ) from error
    if not piece:
        raise InputError(
            f"{where}: expected a word piece, found an empty line; remove the line "
            "if your checkpoint's embedding table has no row for it"
        )
    return piece


def _check_special_tokens(vocab_file: str | os.PathLike, pieces: dict[str, int]):
    missing = [token for token in SPECIAL_TOKENS if token not in pieces]
    if missing:
        raise InputError(
            f"{vocab_file}: expected the lines {' '.join(SPECIAL_TOKENS)}, found no "
            f"{' '.join(missing)} in its {len(pieces)} lines; give the vocab.txt of "
            "your checkpoint"
        )
