"""Windows over contexts: equal to the original's, and at the edges."""

import numpy as np
import pytest

from reference.errors import InputError
from reference.squad_examples import SpanAnswer, SpanExample
from reference.squad_features import SpanFeatures, _windows, span_features
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.array_cache import kept_arrays
from suite.squad_files import read_squad

TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh", *(f"##{c}" for c in "abc"), "-"])
SIZES = {"max_seq_length": 192, "doc_stride": 64, "max_query_length": 32}
NO_PIECE = "\N{ZERO WIDTH SPACE}"  # a word that tokenising drops


@pytest.fixture(scope="module")
def uncased(shared):
    return Tokenizer.from_file(shared / "data/vocab/uncased/vocab.txt")


@pytest.fixture(scope="module", params=["train", "eval"])
def beside_the_original(request, shared, uncased):
    """The features of a file, and the arrays of the original's."""
    is_training = request.param == "train"
    name = "train-subset" if is_training else "dev-subset"
    goldens = shared / "goldens/squad"
    questions = read_squad(goldens / f"{name}.json", is_training=is_training)
    features = span_features(
        uncased, questions.examples, **SIZES, is_training=is_training
    )
    with np.load(goldens / f"features_{request.param}.npz") as stored:
        return features, dict(stored)


def test_equals_the_original_windows(beside_the_original):
    features, original = beside_the_original
    for name in ("input_ids", "segment_ids"):
        found = getattr(features.features, name)
        np.testing.assert_array_equal(found, original[name], strict=True)
    lengths = original["input_mask"].sum(axis=1, dtype=np.int32)
    np.testing.assert_array_equal(features.features.lengths, lengths, strict=True)
    np.testing.assert_array_equal(features.example_index, original["example_index"])
    index = features.example_index
    nth_of_example = np.arange(len(index)) - np.searchsorted(index, index)
    np.testing.assert_array_equal(nth_of_example, original["doc_span_index"])
    assert nth_of_example.max() > 1


def test_equals_the_original_positions(beside_the_original):
    features, original = beside_the_original
    if "start_position" not in original:
        assert features.start_positions is features.end_positions is None
        return
    for name in ("start", "end"):
        found = getattr(features, f"{name}_positions")
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, original[f"{name}_position"])
    is_outside = features.end_positions == 0
    assert 0 < is_outside.sum() < len(features)


def test_every_token_of_a_context_is_best_seen_in_one_window(beside_the_original):
    features, _ = beside_the_original
    if features.token_is_max_context is None:
        assert features.token_to_orig_map is None
        return
    is_document = features.features.segment_ids == 1
    is_document[np.arange(len(features)), features.features.lengths - 1] = False
    np.testing.assert_array_equal(features.token_to_orig_map >= 0, is_document)
    assert not (features.token_is_max_context & ~is_document).any()
    # Every word is seen best somewhere, and none beyond the last one.
    for example in range(features.example_index.max() + 1):
        rows = features.example_index == example
        words = features.token_to_orig_map[rows]
        best = words[features.token_is_max_context[rows]]
        assert set(best) == set(words[words >= 0])


def windows_by_loops(tokens, room, stride):
    """Window after window, then token after token."""
    spans, start = [], 0
    while start < tokens:
        length = min(room, tokens - start)
        spans.append((start, length))
        if start + length == tokens:
            break
        start += min(length, stride)
    best = []
    for token in range(tokens):
        score_of = {}
        for window, (start, length) in enumerate(spans):
            if start <= token < start + length:
                neighbours = min(token - start, start + length - 1 - token)
                score_of[window] = neighbours + 0.01 * length
        best.append(max(score_of, key=score_of.get))  # the first of equals
    seen = [
        [best[token] == window for token in range(start, start + length)]
        for window, (start, length) in enumerate(spans)
    ]
    return [start for start, _ in spans], seen


@pytest.mark.parametrize(
    ("room", "all_tokens", "strides"),
    [(room, range(40), range(1, 13)) for room in (1, 2, 3, 7, 10)]
    # A window that is shorter by hundreds loses to one with fewer neighbours.
    + [(371, range(300, 900, 47), (128, 300))],
)
def test_windows_equal_one_token_at_a_time(room, all_tokens, strides):
    for tokens in all_tokens:
        for stride in strides:
            starts, seen = _windows(tokens, room, stride)
            by_loops = windows_by_loops(tokens, room, stride)
            assert (starts, [one.tolist() for one in seen]) == by_loops


def example(question, context, text="b", start=None):
    start = context.find(text) if start is None else start
    return SpanExample("q", question, context, (SpanAnswer(text, start),))


def pieces(features: SpanFeatures) -> list[str]:
    ids = features.features.input_ids
    return [" ".join(TOKENIZER.vocab[i] for i in row if i) for row in ids]


def trained(*examples, length=10, stride=2, query=2):
    return span_features(TOKENIZER, examples, length, stride, query, is_training=True)


def positions(features: SpanFeatures) -> list[tuple[int, int]]:
    return [
        (int(start), int(end))
        for start, end in zip(
            features.start_positions, features.end_positions, strict=True
        )
    ]


def test_a_window_and_its_width():
    features = trained(example("a a a", "b c"))
    assert pieces(features) == ["[CLS] a a [SEP] b c [SEP]"]
    assert features.features.segment_ids.tolist() == [[0, 0, 0, 0, 1, 1, 1, 0, 0, 0]]
    assert features.features.lengths.tolist() == [7]
    assert positions(features) == [(4, 4)]
    answering = span_features(
        TOKENIZER,
        [example("a", "bc b", "bc")],
        10,
        is_training=False,
        **{"max_query_length": 2},
    )
    assert answering.token_to_orig_map.tolist() == [[-1] * 3 + [0, 0, 1] + [-1] * 4]
    assert answering.token_is_max_context.sum() == 3


def test_windows_that_do_not_hold_the_answer_point_at_the_first_token():
    features = trained(example("a", "c d e f g h a b", "a b"), length=8)
    assert pieces(features) == [
        "[CLS] a [SEP] c d e f [SEP]",
        "[CLS] a [SEP] e f g h [SEP]",
        "[CLS] a [SEP] g h a b [SEP]",
    ]
    assert positions(features) == [(0, 0), (0, 0), (5, 6)]
    # Half of the answer is none.
    features = trained(example("a", "c d e f g h a b", "f g"), length=8)
    assert positions(features) == [(0, 0), (4, 5), (0, 0)]
    assert features.example_index.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("context", "text", "start", "span"),
    [
        ("d e f", "f", 4, (5, 5)),  # the last word
        ("d abc e", "abc", 2, (4, 6)),  # in pieces a ##b ##c
        ("a-b-d e", "d", 4, (7, 7)),  # within a word
        ("d abc", "b", 3, (4, 6)),  # "b" is no piece of "abc": all of the word
        ("d a-a", "a", 4, (4, 4)),  # of equal ones the first
        ("d xyz e", "xyz", 2, (4, 4)),  # [UNK] is found as [UNK]
        ("d x-y", "y", 4, (4, 4)),  # even if another one
        (f"d e {NO_PIECE}", f"e {NO_PIECE}", 2, (4, 4)),
        (f"d a{NO_PIECE}", NO_PIECE, 3, (4, 4)),
        (f"d {NO_PIECE} e", NO_PIECE, 2, (4, 3)),  # without a piece it has no length
        (" d", " d", 0, (3, 3)),
    ],
)
def test_the_answer_is_narrowed_to_its_own_pieces(context, text, start, span):
    assert positions(trained(example("a", context, text, start), length=12)) == [span]


def test_a_context_without_pieces_has_no_window():
    empty = SpanExample("q", "a", f" {NO_PIECE} ", ())
    one, other = example("a", "b"), SpanExample("r", "", "", ())
    features = span_features(
        TOKENIZER, [empty, one, other, one], 9, 1, 2, is_training=False
    )
    assert features.example_index.tolist() == [1, 3]
    nothing = span_features(TOKENIZER, [empty], 9, 1, 2, is_training=False)
    assert nothing.features.input_ids.shape == nothing.token_to_orig_map.shape == (0, 9)


@pytest.mark.parametrize("is_training", [True, False])
def test_arrays_are_kept_and_read_again(tmp_path, is_training):
    examples = [example("a", "b c d e f g"), example("b c", "b")]
    features = span_features(TOKENIZER, examples, 9, 2, 2, is_training=is_training)
    kept = kept_arrays(tmp_path, {"of": "test"}, features.arrays)
    assert len(kept) == 6
    again = SpanFeatures.from_arrays(kept)
    for name, array in features.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array, strict=True)
        is_flag = name == "token_is_max_context"
        assert array.dtype == (bool if is_flag else np.int32)
        assert array.shape in {(len(features),), (len(features), 9)}
    assert set(again.arrays()) == set(kept)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((67, 128, 64), r"more than max_query_length \+ 3, found 67 with a .* of 64"),
        ((384, 0, 64), "doc_stride: expected at least 1, found 0"),
        ((384, 128, -1), "max_seq_length: expected more"),
    ],
)
def test_lengths_that_do_not_fit(sizes, message):
    with pytest.raises(InputError, match=message):
        span_features(TOKENIZER, [example("a", "b")], *sizes, is_training=False)


def test_questions_are_needed():
    with pytest.raises(InputError, match="at least one, found none"):
        span_features(TOKENIZER, [], is_training=False)


def test_an_answer_that_cannot_be_recovered_is_not_trained_on():
    with pytest.raises(ValueError, match="question q: the answer cannot be recovered"):
        trained(example("a", "b c"), example("a", "b c", "d", 0))
