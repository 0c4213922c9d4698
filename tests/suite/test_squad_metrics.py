"""Exact match and F1: the official scores, and worked values."""

import json

import numpy as np
import pytest

from reference.squad_examples import SpanAnswer, SpanExample
from suite.squad_files import read_squad
from suite.squad_metrics import question_scores


def scored(predicted: str, *given: str) -> tuple[float, float]:
    example = SpanExample("q", "?", "", tuple(SpanAnswer(text, 0) for text in given))
    scores = question_scores([example], {"q": predicted})
    return float(scores.exact_match[0]), float(scores.f1[0])


def test_equals_the_official_scores(shared):
    goldens = shared / "goldens/squad"
    examples = read_squad(goldens / "dev-subset.json").examples
    predictions = json.loads((goldens / "predictions.json").read_text())
    official = json.loads((goldens / "scores.json").read_text())
    scores = question_scores(examples, predictions)
    assert scores.f1.shape == scores.exact_match.shape == (official["total"],)
    assert scores.f1.dtype == np.float64
    # A sum of n terms in another order, a quotient and a product.
    tolerance = (official["total"] + 2) * np.finfo(np.float64).eps
    assert scores.means() == {
        name: pytest.approx(official[name] / 100, rel=tolerance, abs=0)
        for name in ("exact_match", "f1")
    }


@pytest.mark.parametrize(
    ("predicted", "given", "exact_match", "f1"),
    [
        ("the Cat!", ["a cat"], 1, 1),
        ("cat", ["dog"], 0, 0),
        ("the big cat sat", ["big cat"], 0, 0.8),  # 2 of 3 words, 2 of 2
        ("cat cat", ["cat"], 0, 2 / 3),  # a word counts as often as both have it
        ("cat", ["dog", "Cat", "cat sat"], 1, 1),  # the best of them
        ("cat sat", ["cat", "sat on it"], 0, 2 / 3),
        ("the", ["an"], 1, 0),  # nothing is left of either
        ("the-cat", ["cat"], 0, 0),  # one word, when its hyphen is gone
        ("them", ["m"], 0, 0),
        ("U.S.", ["us"], 1, 1),
        ("1895–1943", ["18951943"], 0, 0),  # a dash is not ASCII
        ("a  B\tc", ["b c"], 1, 1),
        ("", ["cat"], 0, 0),
    ],
)
def test_worked_values(predicted, given, exact_match, f1):
    assert scored(predicted, *given) == (exact_match, pytest.approx(f1, rel=1e-15))


def test_a_question_that_was_not_answered_has_nothing():
    examples = [SpanExample(i, "?", "", (SpanAnswer("cat", 0),)) for i in "qrst"]
    scores = question_scores(examples, {"s": "cat", "q": "the cat sat"})
    assert scores.exact_match.tolist() == [0, 0, 1, 0]
    assert scores.f1.tolist() == [2 / 3, 0, 1, 0]
    assert scores.means() == {"exact_match": 0.25, "f1": (1 + 2 / 3) / 4}


def test_questions_are_needed():
    with pytest.raises(ValueError, match="expected questions to score"):
        question_scores([], {})
