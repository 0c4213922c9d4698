"""Every malformed file is one line that names file and line."""

from pathlib import Path

import pytest

from reference.errors import InputError
from suite.tsv import Columns, count_rows, read_rows

COLUMNS = Columns((0,), 1)


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "dev.tsv"
    path.write_bytes(content)
    return path


def test_quotes_and_spaces_stay_in_the_text(tmp_path):
    path = written(tmp_path, b'sentence\tlabel\n"open \tyes\n a "b" \tno\n')
    rows, _ = read_rows(path, COLUMNS)
    assert rows == [['"open ', "yes"], [' a "b" ', "no"]]


def test_only_line_feeds_end_a_line(tmp_path):
    path = written(tmp_path, "sentence\tlabel\na\u2028b\x0bc\tyes\r\n".encode())
    rows, _ = read_rows(path, COLUMNS)
    assert rows == [["a\u2028b\x0bc", "yes"]]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_last_line_feed_may_be_missing(tmp_path, end):
    path = written(tmp_path, b"sentence\tlabel\na\tx\nb\ty" + end)
    assert len(read_rows(path, COLUMNS)[0]) == count_rows(path, COLUMNS) == 2


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfQuality\ttext\n1\ta\n")
    rows, _ = read_rows(path, Columns((1,), 0))
    assert rows == [["1", "a"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty file"),
        (b"sentence\tlabel\n", "found an empty file"),
        (b"sentence\tlabel\na\tx\nb\n", "line 3: expected 2 tab-separated columns"),
        (b"sentence\tlabel\n\na\tx\n", "line 2: expected 2 tab-separated columns"),
        (b"sentence\tlabel\na\tx\ty\n", "line 2: expected 2 tab-separated columns"),
        (b"sentence\nfoo\n", "line 1: expected at least 2 tab-separated columns"),
        (b"a\t1\nb\t0\n", "line 1: expected a header, found the value '1'"),
        (b"sentence\tlabel\na\tx\nb\xff\ty\n", "line 3: expected UTF-8 text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, content, said):
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_rows(path, COLUMNS)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="expected a GLUE file, found none"):
        read_rows(tmp_path / "dev.tsv", COLUMNS)
