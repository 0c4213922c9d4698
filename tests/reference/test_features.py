"""Classification features: equal to the original's on GLUE, and at the edges."""

import csv
import itertools

import numpy as np
import pytest

from reference.errors import InputError
from reference.features import (
    Truncation,
    classification_features,
    padded_in_front,
    truncated_lengths,
)
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh"])
CLS, SEP = TOKENIZER.cls_id, TOKENIZER.sep_id
A, B, C = (TOKENIZER.vocab.index(piece) for piece in "abc")

# golden file: (GLUE file, has a header, column of text_a, column of text_b)
GOLDENS = {
    "CoLA_dev_16": ("CoLA/dev.tsv", False, 3, None),
    "CoLA_dev_128": ("CoLA/dev.tsv", False, 3, None),
    "MRPC_dev_32": ("MRPC/dev.tsv", True, 3, 4),
    "MRPC_dev_128": ("MRPC/dev.tsv", True, 3, 4),
    "MNLI_dev_matched_first2000_48": ("MNLI/dev_matched.tsv", True, 8, 9),
    "MNLI_dev_matched_first2000_128": ("MNLI/dev_matched.tsv", True, 8, 9),
}


@pytest.fixture(scope="module")
def uncased(shared):
    return Tokenizer.from_file(shared / "data/vocab/uncased/vocab.txt")


def test_every_golden_is_tested(shared):
    stored = {path.stem for path in (shared / "goldens/features").glob("*.npz")}
    assert stored == set(GOLDENS)


@pytest.mark.parametrize("name", GOLDENS)
def test_equals_the_original_features(shared, uncased, name):
    file, has_header, column_a, column_b = GOLDENS[name]
    with np.load(shared / f"goldens/features/{name}.npz") as stored:
        original = dict(stored)
    num_examples, max_seq_length = original["input_ids"].shape
    with open(shared / "data/glue" / file, encoding="utf-8-sig", newline="") as tsv:
        lines = csv.reader(tsv, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = list(itertools.islice(lines, has_header, num_examples + has_header))

    features = classification_features(
        uncased,
        [row[column_a] for row in rows],
        None if column_b is None else [row[column_b] for row in rows],
        max_seq_length,
    )

    longest = features.lengths.max()
    assert features.input_ids.shape == (num_examples, longest)
    padding = ((0, 0), (0, max_seq_length - longest))
    for field in ("input_ids", "segment_ids"):
        found = getattr(features, field)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(np.pad(found, padding), original[field])
    assert features.lengths.dtype == np.int32
    np.testing.assert_array_equal(features.lengths, original["input_mask"].sum(axis=1))


def test_pairs_and_padding_to_the_longest():
    features = classification_features(TOKENIZER, ["a b", "c"], ["c", "a"], 128)
    assert features.input_ids.tolist() == [
        [CLS, A, B, SEP, C, SEP],
        [CLS, C, SEP, A, SEP, 0],
    ]
    assert features.segment_ids.tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]]
    assert features.lengths.tolist() == [6, 5]


def test_single_texts_lose_their_end():
    features = classification_features(TOKENIZER, ["a b c a b c", "a"], None, 5)
    assert features.input_ids.tolist() == [[CLS, A, B, C, SEP], [CLS, A, SEP, 0, 0]]
    assert not features.segment_ids.any()


def test_an_empty_second_text_is_none():
    pair = classification_features(TOKENIZER, ["a b c a b c"], ["\a"], 5)
    assert pair.input_ids.tolist() == [[CLS, A, B, C, SEP]]
    assert not pair.segment_ids.any()


def test_an_empty_first_text():
    features = classification_features(TOKENIZER, [""], ["a"], 8)
    assert features.input_ids.tolist() == [[CLS, SEP, A, SEP]]
    assert features.segment_ids.tolist() == [[0, 0, 1, 1]]


def test_truncation_equals_one_token_at_a_time():
    for first, second, budget in itertools.product(range(16), range(16), range(2, 33)):
        left_a, left_b = first, second
        while left_a + left_b > budget:
            if left_a > left_b:
                left_a -= 1
            else:
                left_b -= 1
        assert truncated_lengths(first, second, budget) == (left_a, left_b)


def test_the_second_text_alone_is_cut_where_asked():
    texts = ["a b c a b c"], ["a b c a"]
    usual = classification_features(TOKENIZER, *texts, 10)
    other = classification_features(TOKENIZER, *texts, 10, Truncation.SECOND)
    assert usual.input_ids.tolist() == [[CLS, A, B, C, A, SEP, A, B, C, SEP]]
    assert other.input_ids.tolist() == [[CLS, A, B, C, A, B, C, SEP, A, SEP]]
    # Of a first one that is too long by itself, as much as leaves the second a token.
    short = classification_features(TOKENIZER, *texts, 6, Truncation.SECOND)
    assert short.input_ids.tolist() == [[CLS, A, B, SEP, A, SEP]]


def test_padding_in_front_moves_positions_alone():
    features = classification_features(TOKENIZER, ["a b", "c"], ["c", "a"], 128)
    moved = padded_in_front(features, 10)
    assert moved.first_positions.tolist() == [4, 5]
    assert (features.positions, moved.positions) == (6, 10)
    assert moved.input_ids is features.input_ids


@pytest.mark.parametrize(
    ("text_a", "text_b", "max_seq_length", "message"),
    [
        (["a"], None, 4, "max_seq_length: expected at least 5, found 4"),
        ([], None, 8, "at least one"),
        (["a"], ["b", "c"], 8, "found 2 and 1"),
        (["a"], [], 8, "found 0 and 1"),
    ],
)
def test_bad_input(text_a, text_b, max_seq_length, message):
    with pytest.raises(InputError, match=message):
        classification_features(TOKENIZER, text_a, text_b, max_seq_length)
