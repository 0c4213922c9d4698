"""Transfer files: what is read, and what is refused with its file and line."""

import gzip
import lzma
from dataclasses import replace

import numpy as np
import pytest

from reference.errors import InputError
from suite.sources import entries
from suite.tasks import TASKS
from suite.transfer_texts import DistilledSources, read_texts, transfer_features

SINGLE, PAIR = TASKS["SST-2"], TASKS["RTE"]


@pytest.fixture
def write(tmp_path):
    def written(content: str | bytes, name="texts.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def test_one_example_a_line(write):
    files = [write("a b\n\nc d\n"), write("e f", "more.txt")]
    assert read_texts(files, SINGLE) == (["a b", "c d", "e f"], None)


@pytest.mark.parametrize(
    ("suffix", "compress"), [("gz", gzip.compress), ("xz", lzma.compress)]
)
def test_pairs_also_compressed(write, suffix, compress):
    path = write(compress(b"a b\tc d\ne\tf g\n"), f"texts.{suffix}")
    assert read_texts([path], PAIR) == (["a b", "e"], ["c d", "f g"])


REFUSED = {
    "a text for a pair": (
        PAIR,
        "a\tb\n\nc d\n",
        r"line 3: expected two texts with a tab between them, found 1",
    ),
    "half a pair": (PAIR, "a\t\n", r"line 1: expected two texts .* found 1"),
    "three": (PAIR, "a\tb\tc\n", r"line 1: expected two texts .* found 3"),
    "a pair for a text": (SINGLE, "a\nb\tc\n", r"line 2: expected one text, found 2"),
    "nothing": (SINGLE, "\n \n", r"texts.txt: expected texts, .* found none"),
    "not UTF-8": (SINGLE, b"a\nb \xe9\n", r"line 2: expected UTF-8"),
    "not compressed": (SINGLE, None, r"texts.gz, line 1: expected readable text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_file_and_line(write, case):
    task, content, message = REFUSED[case]
    path = write("a\n", "texts.gz") if content is None else write(content)
    with pytest.raises(InputError, match=message):
        read_texts([path], task)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none.txt, line 1: .*No such file"):
        read_texts([tmp_path / "none.txt"], SINGLE)


@pytest.mark.parametrize("name", ["SST-2", "RTE"])
def test_a_file_of_the_tasks_own_texts_is_the_task(miniature, write, tmp_path, name):
    """As far as the ids go; and kept arrays are those that were made."""
    glue = replace(miniature.glue, tasks=(name,))
    (entry,) = entries([miniature.checkpoint], glue)
    task, sources = TASKS[name], entry.sources
    places = sources.checkpoint, sources.glue_dir
    own = DistilledSources(*places)
    header, *rows = (glue.directory / name / "train.tsv").read_text().splitlines()
    columns = task.labelled.text
    texts = ["\t".join(row.split("\t")[c] for c in columns) for row in rows]
    path = write("\n".join(texts))
    tokenizer = miniature.checkpoint.tokenizer
    expected = transfer_features(own, task, tokenizer, 128)
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        given = DistilledSources(*places, cache=cache, transfer=(path,))
        found = transfer_features(given, task, tokenizer, 128)
        np.testing.assert_array_equal(found.input_ids, expected.input_ids)
        np.testing.assert_array_equal(found.segment_ids, expected.segment_ids)
        np.testing.assert_array_equal(found.lengths, expected.lengths)
    assert header
