"""A file is gone through once, and what is in it is counted."""

import pytest

from suite.doctor.survey import Quotes, survey
from suite.tsv import Columns

PAIR = Columns((1, 2), 3)


@pytest.fixture
def surveyed(tmp_path):
    def write(raw: bytes, columns: Columns = PAIR):
        path = tmp_path / "file.tsv"
        path.write_bytes(raw)
        return survey(path, columns)

    return write


def test_a_file_with_everything_wrong(surveyed):
    found = surveyed(
        b"\xef\xbb\xbfindex\ta\tb\tlabel\r\n"
        b"0\tx\ty\t1\r\n"
        b"\n"
        b"2\t\xe9\ty\t0\n"
        b"3\tx\ty\t1\n"
        b"4\tonly\n"
        b"5\tx"
    )
    assert found.first == ("index", "a", "b", "label")
    assert (found.rows, found.lines, found.repeated) == (3, 7, 1)
    assert found.byte_order_mark
    assert not found.utf16
    assert (found.carriage_returns, found.line_end_at_end) == (2, False)
    assert (found.not_utf8, found.blank) == (4, [3])
    assert found.other_widths == [(6, 2), (7, 2)]
    assert found.index_gap == 4
    assert found.labels == {"1": 2, "0": 1}
    assert found.label_lines == {"1": 2, "0": 4}


def test_without_a_header_the_first_line_is_a_row(surveyed):
    found = surveyed(b"s\t1\t\tone\ns\t0\t*\ttwo\n", Columns((3,), 1, header=False))
    assert (found.rows, found.labels) == (2, {"1": 1, "0": 1})
    assert found.label_lines == {"1": 1, "0": 2}


def test_too_few_columns_hold_no_texts(surveyed):
    found = surveyed(b"a\tb\n1\t2\n")
    assert (found.rows, len(found.texts), found.labels) == (1, 0, {})


@pytest.mark.parametrize("raw", [b"", b"\n", "index\ta\tb\tlabel\n".encode("utf-16")])
def test_without_rows(surveyed, raw):
    found = surveyed(raw)
    assert (found.rows, len(found.texts)) == (0, 0)
    assert found.utf16 == bool(raw.strip())


def test_equal_texts_have_equal_hashes_whatever_their_columns(tmp_path):
    one, other = tmp_path / "one.tsv", tmp_path / "other.tsv"
    one.write_bytes(b"index\ta\tb\tlabel\n0\tx\ty\t1\n")
    other.write_bytes(b"id\tq1\tq2\tq3\tq4\n0\t-\t-\tx\ty\n")
    texts = survey(one, PAIR).texts, survey(other, Columns((3, 4))).texts
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("text", "wrapped", "doubled"),
    [
        (b'"He ""said"" so"', 1, 1),
        (b'""""', 1, 1),
        (b'"said"', 1, 0),
        (b'"', 0, 0),
        (b'"one" and "two"', 0, 0),
        (b'he "said"', 0, 0),
        (b'"said" he ""', 0, 0),
    ],
)
def test_what_a_csv_writer_makes_of_a_text(text, wrapped, doubled):
    quotes = Quotes()
    quotes.take(text, 7)
    assert (quotes.texts, quotes.wrapped, quotes.doubled) == (1, wrapped, doubled)
    assert quotes.first_line == (7 if doubled else None)


def test_how_far_it_has_come_is_told(tmp_path):
    path, told = tmp_path / "file.tsv", []
    path.write_bytes(b"index\ta\tb\tlabel\n" + b"0\tx\ty\t1\n" * 9000)
    survey(path, PAIR, told.append)
    assert len(told) == 3
    assert sum(told) == path.stat().st_size
