"""What is fetched is there whole or not at all, and on record."""

import fcntl
import json
import os
from dataclasses import replace

import pytest

from reference.errors import InputError
from suite.fetching.download import Patience, Way
from suite.fetching.fetch import Piece, fetch
from suite.fetching.record import CONFIRMED, FIRST_USE, LISTED
from tests.suite.fetching.loopback import (
    answers,
    corrupts,
    names_in,
    some_bytes,
    truncates,
)

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]
pytestmark = pytest.mark.usefixtures("loopback_alone", "waits")

CONTENT = some_bytes()
WAY = Way(patience=Patience(seconds=20, attempts=3))
DATE = "2026-11-24"


def copy(files, into):
    """Makes a directory of what was downloaded."""
    for name, path in files.items():
        (into / name).write_bytes(path.read_bytes())
    return ["copied"]


@pytest.fixture
def piece(server) -> Piece:
    one = server.publish("one.bin", CONTENT)
    other = server.publish("other.bin", b"other", known=False)
    return Piece("pair", (one, other), copy)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "data"


def fetched(place, *pieces, date=DATE, way=WAY, force=False):
    return list(fetch(pieces, place, date, way, force=force))


WHOLE = ["fetched.json", "pair/one.bin", "pair/other.bin"]


def test_a_directory_and_its_record(server, place, piece):
    (made,) = fetched(place, piece)
    assert (made.path, made.is_new, made.notes) == (place / "pair", True, ["copied"])
    assert names_in(place) == WHOLE
    record = json.loads((place / "fetched.json").read_text())
    assert record["downloads"]["other.bin"] == {
        "address": f"{server.url}/other.bin",
        "bytes": 5,
        "sha256": "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa",
        "date": DATE,
        "sum": FIRST_USE,
    }
    assert record["downloads"]["one.bin"]["sum"] == LISTED
    assert record["files"]["pair/other.bin"].startswith("d9298a10")


def test_a_file_as_it_comes(place, server):
    address = replace(server.publish("one.json", CONTENT), confirmed=False)
    (made,) = fetched(place, Piece("one.json", (address,)))
    assert made.path.read_bytes() == CONTENT
    assert made.downloads["one.json"].sum == CONFIRMED
    assert names_in(place) == ["fetched.json", "one.json"]
    (again,) = fetched(place, Piece("one.json", (address,)))
    assert not again.is_new


def test_what_is_there_is_not_fetched_again(server, place, piece):
    fetched(place, piece)
    (again,) = fetched(place, piece, date="2027-01-01")
    assert (again.is_new, len(again.downloads)) == (False, 2)
    assert len(server.requests) == 2


def test_each_piece_is_in_place_before_the_next_is_asked_for(server, place, piece):
    missing = replace(server.publish("missing", b""), url=f"{server.url}/nowhere")
    with pytest.raises(InputError, match="404"):
        fetched(place, piece, Piece("missing", (missing,)))
    assert names_in(place) == WHOLE


# Faults, and how many of the downloads need not be asked for again.
FAULTS = {
    "no first": ("/one.bin", [answers(404)], "404", 0),
    "no second": ("/other.bin", [answers(404)], "404", 1),
    "corrupted each time": ("/one.bin", [corrupts] * 2, "with SHA-256", 0),
}


@pytest.mark.parametrize("case", FAULTS)
def test_nothing_of_a_piece_is_there_when_it_fails(server, place, piece, case):
    path, faults, said, kept = FAULTS[case]
    server.faults[path] = list(faults)
    with pytest.raises(InputError, match=said):
        fetched(place, piece)
    assert names_in(place) == [".fetching/one.bin"] * kept
    assert place.exists() == bool(kept)
    fetched(place, piece)
    assert names_in(place) == WHOLE


def test_what_is_not_what_was_meant_is_not_kept(server, place, piece):
    """Nor on record: its sum must not be held against the right one."""

    def refuse(files, into):
        copy(files, into)
        raise InputError("expected something else")

    with pytest.raises(InputError, match="expected something else"):
        fetched(place, replace(piece, fill=refuse))
    assert names_in(place) == []
    assert not place.exists()


def test_stopped_while_it_is_made(server, place, piece):
    """Ctrl-C: what was downloaded is used by the next."""

    def stop(files, into):
        copy(files, into)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetched(place, replace(piece, fill=stop))
    assert names_in(place) == [".fetching/one.bin", ".fetching/other.bin"]
    fetched(place, piece)
    assert names_in(place) == WHOLE
    assert len(server.requests) == 2


def test_stopped_while_it_arrives(server, place, piece):
    def stop(name, done, total):
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetched(place, piece, way=replace(WAY, progress=stop))
    assert names_in(place) == [
        ".fetching/one.bin.part",
        ".fetching/one.bin.part.json",
    ]
    fetched(place, piece)
    assert names_in(place) == WHOLE


def test_what_a_killed_process_left_goes(place, piece):
    """A temporary file of pooch's, and a directory that was being made."""
    (place / ".fetching").mkdir(parents=True)
    (place / ".fetching/tmpabc").touch()
    (place / ".pair.123.part").mkdir()
    (place / ".pair.123.part/one.bin").touch()
    fetched(place, piece)
    assert names_in(place) == WHOLE
    assert not list(place.glob(".*"))


def test_a_fault_leaves_what_stood_there_under_force(server, place, piece):
    fetched(place, piece)
    (place / "pair/mine.txt").write_text("mine")
    server.faults["/one.bin"] = [truncates(50_000), answers(404)]
    with pytest.raises(InputError, match="404"):
        fetched(place, piece, force=True)
    assert {*WHOLE, "pair/mine.txt"} <= set(names_in(place))
    fetched(place, piece, force=True)
    assert names_in(place) == WHOLE


# What is there already


def changed(place):
    (place / "pair/one.bin").write_bytes(b"x")


def removed(place):
    (place / "pair/one.bin").unlink()


def unrecorded(place):
    (place / "fetched.json").unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed, "pair/one.bin was changed after it was fetched"),
        (removed, "pair/one.bin is missing"),
        (unrecorded, "not fetched by this command"),
    ],
)
def test_what_is_there_is_not_replaced_unless_told(server, place, piece, change, said):
    fetched(place, piece)
    change(place)
    before, asked = names_in(place), len(server.requests)
    new = Piece("new", piece.addresses, copy)
    with pytest.raises(InputError, match=rf"found pair \({said}\); move that"):
        fetched(place, new, piece)
    assert (names_in(place), len(server.requests)) == (before, asked)
    fetched(place, piece, force=True)
    assert names_in(place) == WHOLE
    assert (place / "pair/one.bin").read_bytes() == CONTENT


def test_the_sum_of_the_first_use_is_held_against_the_next(server, place, piece):
    fetched(place, piece)
    for path in (place / "pair").iterdir():
        path.unlink()
    (place / "pair").rmdir()
    right = server.files["/other.bin"]
    server.files["/other.bin"] = b"changed"
    with pytest.raises(InputError, match=r"recorded in fetched.json on first use"):
        fetched(place, piece)
    assert names_in(place) == [".fetching/one.bin", "fetched.json"]
    server.files["/other.bin"] = right
    (made,) = fetched(place, piece, date="2027-01-01")
    assert made.downloads["other.bin"].date == DATE  # when it was recorded
    assert names_in(place) == WHOLE


@pytest.mark.parametrize("text", ["", "[]", '{"downloads": {"a": 1}, "files": {}}'])
def test_a_damaged_record_is_said(server, place, piece, text):
    place.mkdir()
    (place / "fetched.json").write_text(text)
    with pytest.raises(InputError, match=r"fetched.json: expected a record"):
        fetched(place, piece)
    assert (names_in(place), server.requests) == (["fetched.json"], [])


def test_one_at_a_time(server, place, piece):
    place.mkdir()
    opened = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="expected no other command at work there"):
            fetched(place, piece)
    finally:
        os.close(opened)
    assert (names_in(place), server.requests) == ([], [])
    fetched(place, piece)
