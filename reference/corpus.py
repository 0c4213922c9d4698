"""A corpus: text files, one sentence a line, to documents of tokenised segments.

Source: the reading half of create_training_instances in create_pretraining_data.py of
google-research/bert. A blank line begins a new document; a new file does not. Lines
end with a line feed, and nothing else. Not here: what is made of the documents
(reference/instances.py).
"""

import gzip
import io
import itertools
import lzma
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from reference.errors import InputError
from reference.tokenization import Tokenizer
from reference.xz import XzFile

Segment = list[int]
Document = list[Segment]

MAX_LINE_BYTES = 2**18  # nobody's sentence
_LINES_AT_ONCE = 10_000  # enough to keep every core of the tokeniser busy


def read_documents(
    input_files: Sequence[str | os.PathLike], tokenizer: Tokenizer
) -> list[Document]:
    """The documents of all files in order, each a list of segments (lines) of ids.

    Files may be compressed (.gz, .xz). Lines without a word piece and documents
    without a line are left out. InputError for a file that cannot be read or is not
    UTF-8, naming the line, and for a corpus without text.
    """
    documents: list[Document] = [[]]
    for batch in _batches(_all_lines(input_files)):
        for line, segment in zip(batch, tokenizer.encode_batch(batch), strict=True):
            if not line:
                documents.append([])
            elif segment:
                documents[-1].append(segment)
    documents = [document for document in documents if document]
    if not documents:
        raise _no_text(input_files)
    return documents


class Corpus(NamedTuple):
    """D documents of G segments in all with T tokens, as arrays.

    Attributes: `tokens` int32[T], those of all segments one after the other;
    `segment_starts` int64[G + 1] in tokens; `documents` int64[D, 2], the first segment
    of each and the one after its last.
    """

    tokens: np.ndarray
    segment_starts: np.ndarray
    documents: np.ndarray


def read_corpus(
    input_files: Sequence[str | os.PathLike], tokenizer: Tokenizer
) -> Corpus:
    """What `read_documents` returns, as arrays; the same errors."""
    tokens, lengths, is_blank = [], [], []
    for batch in _batches(_all_lines(input_files)):
        for parts, part in zip(
            (tokens, lengths), tokenizer.encode_joined(batch), strict=True
        ):
            parts.append(part)
        is_blank.append([not line for line in batch])
    line_lengths = np.concatenate([*lengths, np.zeros(0, np.int64)])
    is_segment = line_lengths > 0
    if not is_segment.any():
        raise _no_text(input_files)
    document_of_line = np.concatenate(is_blank).cumsum()
    _, sizes = np.unique(document_of_line[is_segment], return_counts=True)
    ends = sizes.cumsum()
    return Corpus(
        tokens=np.concatenate(tokens),
        segment_starts=np.concatenate([[0], line_lengths[is_segment].cumsum()]),
        documents=np.stack([ends - sizes, ends], axis=1),
    )


def untokenised_documents(
    input_files: Sequence[str | os.PathLike],
) -> Iterator[Iterator[str]]:
    """The lines of each document of the files, read as they are asked for.

    A document's lines are there until the next document is. InputError as in
    `read_lines`; a file without text, or none, is no error here.
    """
    for has_text, lines in itertools.groupby(_all_lines(input_files), key=bool):
        if has_text:
            yield lines


def read_lines(path: str | os.PathLike) -> Iterator[str]:
    """The lines of one file, stripped of white space at both ends.

    InputError for what is no text, one sentence a line: bytes that are not UTF-8, a
    zero byte, a line of more than MAX_LINE_BYTES; naming file and line.
    """
    number = 0
    try:
        with _opened(Path(path)) as file:
            for line in iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""):
                number += 1
                _check_line(line, f"{path}, line {number}")
                yield line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, line {number}: expected UTF-8, found byte "
            f"0x{error.object[error.start]:02x} at position {error.start} of the line; "
            "convert the file to UTF-8"
        ) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path}, line {number + 1}: expected readable text; cannot be read "
            f"({reason}); check the name, or fetch the file again if it is damaged"
        ) from error


def _opened(path: Path) -> BinaryIO:
    """Its bytes, unpacked; EOFError for a packed file of none, which gzip allows."""
    if path.suffix not in (".gz", ".xz"):
        return open(path, "rb")
    if not path.stat().st_size:
        raise EOFError("it is empty")
    return gzip.open(path) if path.suffix == ".gz" else io.BufferedReader(XzFile(path))


def _check_line(line: bytes, where: str) -> None:
    if b"\0" in line:
        raise InputError(
            f"{where}: expected text, found a zero byte at position "
            f"{line.index(0)} of the line; a binary file, or UTF-16: give text in UTF-8"
        )
    if len(line) > MAX_LINE_BYTES:
        raise InputError(
            f"{where}: expected one sentence a line, found a line of more than "
            f"{MAX_LINE_BYTES:,} bytes; split the text into sentences"
        )


def _all_lines(input_files: Sequence[str | os.PathLike]) -> Iterator[str]:
    return itertools.chain.from_iterable(map(read_lines, input_files))


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(itertools.islice(lines, _LINES_AT_ONCE)):
        yield batch


def _no_text(input_files: Sequence[str | os.PathLike]) -> InputError:
    return InputError(
        f"{', '.join(map(str, input_files)) or 'corpus'}: expected text, one sentence "
        "a line and a blank line between documents; found none"
    )
