"""Is this text that pre-training data can be made of, and is there room for them?

Asked before the work begins, so that the hundredth file's fault is not found when the
other ninety-nine are done. What is made of the text is not known here.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.corpus import untokenised_documents
from reference.errors import InputError
from reference.files import file_sha256
from reference.instances import InstanceSettings
from reference.tfrecords import check_distinct


@dataclass(frozen=True)
class CheckedText:
    """A file that was read to its end; `sha256` is of the file as it lies there.

    `words` counts a line's words up to the length of a sequence: of a longer line, a
    sequence holds no more.
    """

    path: Path
    sha256: str
    words: int


def check_text(path: Path, settings: InstanceSettings, least: int) -> CheckedText:
    """Read a file; InputError when it is no text of at least so many documents."""
    words = _counted_words([path], settings, least)
    return CheckedText(path, file_sha256(path), words)


def check_pooled(
    inputs: Sequence[Path],
    outputs: Sequence[Path],
    settings: InstanceSettings,
    least: int,
) -> None:
    """The same for files that are read as one text, and for where the records go."""
    check_distinct(outputs)
    sources = {path.resolve() for path in inputs}
    for output in outputs:
        if output.resolve() in sources:
            raise InputError(
                f"{output}: expected an output that is not an input, too; name another"
            )
    words = _counted_words(inputs, settings, least)
    for directory in {output.parent for output in outputs}:
        check_room(directory, words, settings)


def check_room(directory: Path, words: int, settings: InstanceSettings) -> None:
    """Make the directory; InputError when it has not the least room that is needed.

    A sequence uses up less than twice its length of words: a chunk of segments that
    falls short of it, and the one that makes it full.
    """
    length, predictions = settings.max_seq_length, settings.max_predictions_per_seq
    sequences = words * settings.dupe_factor // (2 * length)
    # Of a token three numbers of a byte or more, of a prediction two and a float.
    needed = sequences * (3 * length + 6 * predictions)
    directory.mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK):
        raise InputError(
            f"{directory}: expected to write there, found that one may not"
        )
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise InputError(
            f"{directory}: expected room for at least {needed / 1e6:,.0f} MB of "
            f"records, found {free / 1e6:,.0f} MB free; choose another disk"
        )


def _counted_words(
    inputs: Sequence[Path], settings: InstanceSettings, least: int
) -> int:
    """The words of the files; InputError for fewer than `least` documents."""
    words, documents, most = 0, 0, settings.max_seq_length
    for lines in untokenised_documents(inputs):
        documents += 1
        words += sum(min(len(line.split()), most) for line in lines)
    where = ", ".join(map(str, inputs))
    if documents == 0:
        raise InputError(
            f"{where}: expected text, one sentence a line and a blank line between "
            "documents; found none"
        )
    if documents < least:
        raise InputError(
            f"{where}: expected two documents or more with a blank line between them, "
            "found one; a random next sentence is drawn from another document. Join "
            "files, or say --one-document if you do not need next sentences"
        )
    return words
