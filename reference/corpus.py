"""A corpus: text files, one sentence a line, to documents of tokenised segments.

Source: the reading half of create_training_instances in create_pretraining_data.py of
google-research/bert. A blank line begins a new document; a new file does not. Lines
end with a line feed, and nothing else. Not here: what is made of the documents
(reference/instances.py).
"""

import gzip
import itertools
import lzma
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reference.errors import InputError
from reference.tokenization import Tokenizer

Segment = list[int]
Document = list[Segment]

_OPENERS = {".gz": gzip.open, ".xz": lzma.open}
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
    lines = itertools.chain.from_iterable(map(read_lines, input_files))
    for batch in _batches(lines):
        for line, segment in zip(batch, tokenizer.encode_batch(batch), strict=True):
            if not line:
                documents.append([])
            elif segment:
                documents[-1].append(segment)
    documents = [document for document in documents if document]
    if not documents:
        raise InputError(
            f"{', '.join(map(str, input_files)) or 'corpus'}: expected text, one "
            "sentence a line and a blank line between documents; found none"
        )
    return documents


def read_lines(path: str | os.PathLike) -> Iterator[str]:
    """The lines of one file, stripped of white space at both ends."""
    opener = _OPENERS.get(Path(path).suffix, open)
    number = 0
    try:
        with opener(path, "rb") as file:
            for line in file:
                number += 1
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


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    lines = iter(lines)
    while batch := list(itertools.islice(lines, _LINES_AT_ONCE)):
        yield batch
