"""Answers from logits: equal to the original's, ties in its order, text recovered."""

import json
import random

import numpy as np
import pytest

from reference.basic_tokenization import basic_words
from reference.squad_answers import (
    AnswerSearch,
    NBestAnswer,
    answers,
    n_best_answers,
    recovered,
)
from reference.squad_examples import SpanAnswer, SpanExample, context_words
from reference.squad_features import SpanFeatures, span_features
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite.squad_files import read_squad

TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh", "##b", "##c", "-"])
LOW = -10.0


def question(context: str, name: str = "q") -> SpanExample:
    return SpanExample(name, "a", context, ())


def windows(*contexts: str, length: int = 16, stride: int = 4):
    """Examples and their features; a context begins at token 3."""
    examples = [question(context, str(i)) for i, context in enumerate(contexts)]
    features = span_features(TOKENIZER, examples, length, stride, 2, is_training=False)
    return examples, features


def logits(features, *highs: tuple[int, int, float]) -> np.ndarray:
    """Low but where (window, token, value) say otherwise."""
    array = np.full(features.features.input_ids.shape, LOW, np.float32)
    for window, token, value in highs:
        array[window, token] = value
    return array


# Beside the original


@pytest.fixture(scope="module")
def subset(shared):
    """What answers are made from, the goldens' logits last."""
    goldens = shared / "goldens/squad"
    tokenizer = Tokenizer.from_file(shared / "data/vocab/uncased/vocab.txt")
    examples = read_squad(goldens / "dev-subset.json").examples
    features = span_features(tokenizer, examples, 192, 64, 32, is_training=False)
    with np.load(goldens / "logits.npz") as stored:
        return tokenizer, examples, features, *(stored[f"{n}_logits"] for n in ENDS)


ENDS = ("start", "end")


def test_equals_the_original_predictions(shared, subset):
    original = json.loads((shared / "goldens/squad/predictions.json").read_text())
    found = answers(*subset)
    assert list(found.items()) == list(original.items())


def n_best_by_loops(tokenizer, examples, features, starts, ends, search):
    """Texts and logits of the best answers, one candidate after the other."""
    found = {}
    for index, example in enumerate(examples):
        candidates = []
        for window in np.flatnonzero(features.example_index == index):
            words = features.token_to_orig_map[window]
            for start in ranked(starts[window])[: search.n_best]:
                for end in ranked(ends[window])[: search.n_best]:
                    if (
                        features.token_is_max_context[window, start]
                        and words[end] >= 0
                        and start <= end < start + search.max_answer_length
                    ):
                        both = float(starts[window, start]), float(ends[window, end])
                        candidates.append((window, start, end, both))
        candidates.sort(key=lambda candidate: sum(candidate[3]), reverse=True)
        best = {}
        for window, start, end, both in candidates:
            words = context_words(example.context)
            first, last = features.token_to_orig_map[window, [start, end]]
            original = " ".join(words[first : last + 1])
            ids = features.features.input_ids[window, start : end + 1]
            pieces = " ".join(tokenizer.vocab[i] for i in ids)
            text = recovered(
                pieces.replace(" ##", "").replace("##", ""),
                original,
                " ".join(basic_words(original, tokenizer.lower_case)),
            )
            best.setdefault(text, both)
            if len(best) == search.n_best:
                break
        found[example.id] = list(best.items()) or [("empty", (0.0, 0.0))]
    return found


def ranked(row: np.ndarray) -> list[int]:
    return sorted(range(len(row)), key=lambda place: row[place], reverse=True)


@pytest.mark.parametrize("levels", [None, 4, 1])
@pytest.mark.parametrize(
    "search", [AnswerSearch(), AnswerSearch(n_best=5, max_answer_length=3)]
)
def test_equals_one_candidate_at_a_time(subset, levels, search):
    """With few levels most logits are tied; with one all are."""
    tokenizer, examples, features, *both = subset
    count = int((features.example_index < 60).sum())
    features = SpanFeatures.from_arrays(
        {name: array[:count] for name, array in features.arrays().items()}
    )
    examples, both = examples[:60], [one[:count] for one in both]
    if levels is not None:
        both = [np.round(one * levels / 4).clip(0, levels - 1) for one in both]
    starts, ends = both
    arguments = (tokenizer, examples, features, starts, ends, search)
    found = n_best_answers(*arguments)
    assert {
        name: [(one.text, (one.start_logit, one.end_logit)) for one in best]
        for name, best in found.items()
    } == n_best_by_loops(*arguments)
    assert answers(*arguments) == {name: best[0].text for name, best in found.items()}


def test_probabilities_are_a_softmax_of_the_sums(subset):
    for best in n_best_answers(*subset).values():
        sums = np.array([one.start_logit + one.end_logit for one in best])
        assert (np.diff(sums) <= 0).all()
        powers = np.exp(sums - sums.max())
        found = [one.probability for one in best]
        # One rounding for each of the terms, an exponential and a quotient.
        tolerance = (len(best) + 4) * np.finfo(np.float64).eps
        np.testing.assert_allclose(found, powers / powers.sum(), rtol=tolerance)
        assert len({one.text for one in best}) == len(best) <= 20


# The search


def test_the_answer_at_the_end_of_the_context():
    examples, features = windows("b c d")
    starts, ends = logits(features, (0, 4, 5)), logits(features, (0, 5, 5))
    assert answers(TOKENIZER, examples, features, starts, ends) == {"0": "c d"}


def test_ends_come_no_earlier_than_starts_and_not_too_late():
    examples, features = windows("b c d e f")
    starts = logits(features, (0, 5, 5))
    ends = logits(features, (0, 4, 9), (0, 7, 8), (0, 6, 7))
    arguments = (TOKENIZER, examples, features, starts, ends)
    assert answers(*arguments) == {"0": "d e f"}
    assert answers(*arguments, AnswerSearch(max_answer_length=2)) == {"0": "d e"}


def test_sums_are_of_double_precision():
    examples, features = windows("b c d e")
    most = 2.0**24  # in float32 both sums below round to it
    starts = logits(features, (0, 5, most), (0, 3, most - 1))
    ends = logits(features, (0, 6, 0.25), (0, 4, 1.5))
    assert answers(TOKENIZER, examples, features, starts, ends) == {"0": "b c"}


def test_an_answer_starts_where_its_context_is_largest():
    examples, features = windows("b c d e f g h a", length=10, stride=2)
    assert features.example_index.tolist() == [0, 0]
    assert features.features.lengths.tolist() == [10, 10]
    # Token 8 of the first window, "g", is token 6 of the second, which sees it better.
    starts, ends = logits(features, (0, 8, 9), (0, 4, 5)), logits(features, (0, 8, 9))
    assert answers(TOKENIZER, examples, features, starts, ends) == {"0": "c d e f g"}


def test_best_among_all_tokens_even_those_outside_the_context():
    examples, features = windows("b c")
    length = features.features.lengths[0]
    outside = [(0, place, 5.0) for place in (0, 1, 2, *range(length - 1, 16))]
    starts = logits(features, *outside, (0, 3, 1))
    ends = logits(features, (0, 3, 5))
    arguments = (TOKENIZER, examples, features, starts, ends)
    many = AnswerSearch(n_best=len(outside))
    assert n_best_answers(*arguments, many) == {
        "0": [NBestAnswer("empty", 1.0, 0.0, 0.0)]
    }
    assert answers(*arguments, many) == {"0": "empty"}
    assert answers(*arguments, AnswerSearch(len(outside) + 1)) == {"0": "b"}
    # Without logits of the padding there is room for those of the context.
    narrow = (*arguments[:3], starts[:, :length], ends[:, :length])
    assert answers(*narrow, many) == {"0": "b"}
    starts[:, length:] = -np.inf
    assert answers(*arguments, many) == {"0": "b"}
    # Nor are there tokens beyond the width of the windows.
    wide = [np.pad(one, ((0, 0), (0, 9)), constant_values=9) for one in (starts, ends)]
    assert answers(*arguments[:3], *wide, many) == {"0": "b"}


def test_a_question_without_a_window_is_answered():
    examples, features = windows("", "b", " ")
    both = logits(features, (0, 3, 1))
    found = answers(TOKENIZER, examples, features, both, both)
    assert found == {"0": "empty", "1": "b", "2": "empty"}


def test_what_cannot_be_searched_is_refused():
    examples, features = windows("b c", "d")
    fine = logits(features)
    bad = fine.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match="expected finite logits"):
        answers(TOKENIZER, examples, features, fine, bad)
    for shape in (fine[:1], fine[:, :5]):
        with pytest.raises(ValueError, match=r"logits \[2, 6 or more\], found"):
            answers(TOKENIZER, examples, features, shape, fine)
    with pytest.raises(ValueError, match="found those to train on"):
        answers(TOKENIZER, [], span_features_to_train(), fine, fine)


def span_features_to_train():
    example = SpanExample("q", "a", "b", (SpanAnswer("b", 0),))
    return span_features(TOKENIZER, [example], 16, 4, 2, is_training=True)


# The text


@pytest.mark.parametrize(
    ("predicted", "original", "text"),
    [
        ("steve smith", "Steve Smith's", "Steve Smith"),
        ("cafe", "(Café)", "Café"),
        ("1895", "(1895–1943).", "1895"),
        ("1895 – 1943", "(1895–1943).", "1895–1943"),
        ("u . s . a", "the U.S.A.", "U.S.A"),
        ("an", "banana", "an"),  # the first place, even within a word
        ("京", "東京", "京"),
        ("steve [UNK]", "Steve Smith's", "Steve Smith's"),
        ("ab", "a\u200bb c", "a\u200bb c"),  # a character was dropped
        ("elan", "e\u0301lan!", "e\u0301lan!"),  # so was this accent
        ("a b", "a\u00a0b", "a\u00a0b"),
        ("", "Steve", "Steve"),
    ],
)
def test_text_recovered(predicted, original, text):
    tokenised = " ".join(basic_words(original, lower_case=True))
    assert recovered(predicted, original, tokenised) == text


@pytest.mark.parametrize("seed", range(100))
def test_recovered_text_is_in_the_original_and_has_the_same_tokens(seed):
    rng = random.Random(seed)
    for _ in range(20):
        text = "".join(rng.choices("aBcÉ東,-$ ", k=rng.randint(1, 15)))
        original = " ".join(text.split())
        tokens = basic_words(original, lower_case=True)
        if not tokens:
            continue
        first = rng.randrange(len(tokens))
        predicted = " ".join(tokens[first : rng.randint(first + 1, len(tokens))])
        found = recovered(predicted, original, " ".join(tokens))
        assert found in original
        assert " ".join(basic_words(found, lower_case=True)) == predicted


def test_pieces_are_put_together_and_unknown_words_are_whole():
    examples, features = windows("(bc)-d, Ax.")
    # [CLS] a [SEP] [UNK] b ##c [UNK] - d [UNK] [UNK] [UNK] [SEP]
    for first, last, text in (
        (4, 5, "bc"),
        (4, 8, "(bc)-d,"),  # with the [UNK] of ")" all of its word
        (7, 8, "-d"),
        (10, 10, "Ax."),
    ):
        starts, ends = logits(features, (0, first, 5)), logits(features, (0, last, 5))
        found = answers(TOKENIZER, examples, features, starts, ends)
        assert found == {"0": text}


def test_casing_is_that_of_the_tokenizer():
    cased = Tokenizer([*SPECIAL_TOKENS, "(", ")", "É"], lower_case=False)
    examples = [question("a (É)")]
    features = span_features(cased, examples, 12, 4, 2, is_training=False)
    # [CLS] [UNK] [SEP] [UNK] ( É ) [SEP]
    both = logits(features, (0, 5, 5))
    assert answers(cased, examples, features, both, both) == {"q": "É"}
