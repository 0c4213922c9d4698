"""What is known of a checkpoint's origin, and what it is worth."""

import json
from dataclasses import dataclass

import pytest

from reference.errors import InputError
from reference.files import file_sha256
from suite.fetching.addresses import CHECKPOINTS
from suite.fetching.record import Record
from suite.origin import (
    better_known,
    declared,
    evidence,
    found_origin,
    in_words,
    is_published,
    made_here,
    origin_of,
    published_models,
    why_not_published,
)

TINY, COMPACT_BASE = "uncased_L-2_H-128_A-2", "uncased_L-12_H-768_A-12"
SHAPE, DECLARED = {"kind": "shape"}, {"kind": "declared"}
MADE_HERE = {"kind": "pre-trained here"}
FETCHED = {
    "kind": "fetched",
    "release": TINY,
    "address": f"https://there/{TINY}.zip",
    "sha256": "f" * 64,
}


@dataclass(frozen=True)
class Shape:
    hidden_size: int = 128
    vocab_size: int = 30522


def described(origin=SHAPE, **changes) -> dict:
    usual = {"name": "BERT-Tiny", "masking": None, "published_as": "BERT-Tiny"}
    return usual | {"description": "mine", "origin": origin} | changes


# What is found


@pytest.fixture
def fetched(tmp_path):
    """A checkpoint as `fetch checkpoint` leaves it."""
    place = tmp_path / TINY
    place.mkdir()
    (place / "vocab.txt").write_text("a\n")
    (place / "weights").write_text("1 2 3")
    archive = tmp_path / "archive"
    archive.write_text("zip")
    record, address = Record(tmp_path), CHECKPOINTS[TINY].address
    record.note_download(address, f"http://mirror/{TINY}.zip", archive, "2026-11-24")
    record.note_files(TINY, place)
    record.write()
    return place


def test_what_was_fetched_is_on_record_beside_it(fetched, tmp_path):
    found = {
        "kind": "fetched",
        "release": TINY,
        "address": f"http://mirror/{TINY}.zip",
        "sha256": file_sha256(tmp_path / "archive"),
    }
    assert found_origin(fetched, {}) == found
    link = tmp_path / "elsewhere"
    link.symlink_to(fetched)
    assert found_origin(link, {}) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "weights").write_text("1 2 4"),
        lambda place: (place / "vocab.txt").unlink(),
        lambda place: (place / "more weights").write_text("4"),
        lambda place: (place.parent / "fetched.json").unlink(),
    ],
    ids=["changed", "missing", "another", "no record"],
)
def test_what_is_not_as_it_was_fetched_has_its_shape_alone(fetched, change):
    change(fetched)
    assert found_origin(fetched, {}) == SHAPE


def test_another_directory_is_not_what_was_fetched(fetched):
    assert found_origin(fetched.rename(fetched.with_name("mine")), {}) == SHAPE


def test_the_record_of_other_things_is_none_of_a_checkpoint(fetched, tmp_path):
    record = json.loads((tmp_path / "fetched.json").read_text())
    record["downloads"] = {"RTE.zip": record["downloads"].popitem()[1]}
    (tmp_path / "fetched.json").write_text(json.dumps(record))
    assert found_origin(fetched, {}) == SHAPE


@pytest.mark.parametrize(
    "made", [{"settings": {}}, {"pretraining": {"settings": {}}, "fine_tuning": {}}]
)
def test_what_was_made_here_says_so_itself(tmp_path, made):
    assert found_origin(tmp_path, made) == MADE_HERE


def test_a_run_of_before_is_judged_by_its_pretraining():
    of_before = {"published_as": "BERT-Tiny", "name": "BERT-Tiny"}
    assert origin_of(of_before) == SHAPE
    assert origin_of(of_before | {"pretraining": {"masking": "wordpiece"}}) == SHAPE
    made = of_before | {"pretraining": {"settings": {"num_train_steps": 10}}}
    assert origin_of(made) == MADE_HERE
    assert made_here(made)
    assert not made_here(of_before)


# What is declared


def test_the_user_may_say_what_it_is():
    said = declared(described(), "BERT-Tiny", Shape(), Shape())
    assert said == described(DECLARED)
    known = declared(described(FETCHED), "BERT-Tiny", Shape(), Shape())
    assert known == described(FETCHED)


@pytest.mark.parametrize(
    ("about", "name", "shape", "said"),
    [
        ({}, "BERT-Tony", Shape(), "nothing was published under that name; expected"),
        ({}, "BERT 6/256", Shape(), "nothing was published under that name"),
        ({}, "BERT-Tiny", Shape(64), "found hidden_size 64 in place of 128; name"),
        ({}, "BERT-Tiny", Shape(128, 24), "found vocab_size 24 in place of 30522;"),
        ({"origin": MADE_HERE}, "BERT-Tiny", Shape(), "found one mine; leave it away"),
        ({"masking": "whole-word"}, "BERT-Tiny", Shape(), "with whole-word masking"),
        (
            {"origin": FETCHED | {"release": COMPACT_BASE}},
            "BERT-Base",
            Shape(),
            f"found {COMPACT_BASE}, as fetched.json beside it says",
        ),
    ],
)
def test_what_cannot_be_is_refused(about, name, shape, said):
    with pytest.raises(InputError, match=f"^--published-as {name}: .*{said}"):
        declared(described(**about), name, shape, Shape())


def test_models_of_the_published_table():
    sizes = ("Tiny", "Mini", "Small", "Medium", "Base", "Large")
    assert published_models() == [f"BERT-{size}" for size in sizes]


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (SHAPE, DECLARED, DECLARED),
        (DECLARED, SHAPE, DECLARED),
        (FETCHED, DECLARED, FETCHED),
        (None, DECLARED, DECLARED),
        (None, SHAPE, SHAPE),
        (FETCHED, FETCHED | {"address": "x"}, FETCHED | {"address": "x"}),
    ],
)
def test_what_was_known_stays_known(before, now, kept):
    old = described(before, description="old")
    assert better_known(old, described(now)) == described(kept)


# What it is worth


@pytest.mark.parametrize(
    ("checkpoint", "published", "why"),
    [
        (described(DECLARED), True, ""),
        (described(FETCHED), True, ""),
        (described(SHAPE), False, "nothing but its shape says that it is the"),
        (described(MADE_HERE), False, "pre-trained here, not the published"),
        (
            described(DECLARED, published_as=None),
            False,
            "nothing was published of such a checkpoint",
        ),
        (
            described(SHAPE, published_as="BERT 6/256"),
            False,
            "nothing was published of such a checkpoint",
        ),
        (
            described(FETCHED | {"release": COMPACT_BASE}, published_as="BERT-Base"),
            False,
            f"fetched as {COMPACT_BASE}, of which nothing was published",
        ),
    ],
)
def test_which_row_is_of_a_published_model(checkpoint, published, why):
    assert is_published(checkpoint) == published
    assert why_not_published(checkpoint).startswith(why)
    assert bool(why_not_published(checkpoint)) != published


def test_only_what_can_be_fetched_is_to_be_fetched():
    why = why_not_published(described(published_as="BERT-Base"))
    assert why.endswith("with `--published-as BERT-Base`")


@pytest.mark.parametrize(
    ("checkpoint", "words", "cell"),
    [
        (
            described(FETCHED),
            f"was fetched from https://there/{TINY}.zip, SHA-256 `{'f' * 64}`, as the "
            "published BERT-Tiny.",
            f"fetched from https://there/{TINY}.zip, SHA-256 `{'f' * 64}`",
        ),
        (
            described(FETCHED | {"release": COMPACT_BASE}, published_as="BERT-Base"),
            f"was fetched from https://there/{TINY}.zip, SHA-256 `{'f' * 64}`; nothing "
            "was published of it.",
            f"fetched from https://there/{TINY}.zip, SHA-256 `{'f' * 64}`",
        ),
        (
            described(DECLARED),
            "is said by who ran it to be the published BERT-Tiny (mine).",
            "said by who ran it",
        ),
        (
            described(),
            "has the shape of BERT-Tiny; nothing else says that it is the published "
            "one (mine).",
            "its shape alone",
        ),
        (
            described(MADE_HERE, description="pre-trained here on a.txt"),
            "was pre-trained here on a.txt. It is **not a published checkpoint** but "
            "has the shape of BERT-Tiny.",
            "its own record",
        ),
        (
            described(published_as=None),
            "is a checkpoint of which nothing was published.",
            "its shape alone",
        ),
    ],
)
def test_in_words(checkpoint, words, cell):
    assert in_words(checkpoint) == words
    assert evidence(checkpoint) == cell
