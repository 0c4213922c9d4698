"""Exact match and F1 of SQuAD 1.1, by question and on the whole, as fractions.

Source: the rules of the official evaluate-v1.1.py (Rajpurkar et al. 2016, section 6.1):
an answer is compared with each that people gave, and the best comparison counts.
Compared are lower-case words without punctuation and articles. Not here: intervals
(suite/statistics/), to which the scores by question are what a task's predictions
are, and percentages, which belong to the report.
"""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.squad_examples import SpanExample

METRICS = ("exact_match", "f1")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True, eq=False)
class QuestionScores:
    """float64 [n] of each metric, n questions in their file's order."""

    exact_match: np.ndarray
    f1: np.ndarray

    def means(self) -> dict[str, float]:
        """The metrics of the split, fractions of 1."""
        return {name: float(np.mean(getattr(self, name))) for name in METRICS}


def question_scores(
    examples: Sequence[SpanExample], predictions: Mapping[str, str]
) -> QuestionScores:
    """Score the answers, id -> text; a question without one has 0.

    ValueError where there is no question.
    """
    if not examples:
        raise ValueError("expected questions to score, found none")
    exact_match, f1 = np.zeros((2, len(examples)))
    for i, example in enumerate(examples):
        if (predicted := predictions.get(example.id)) is None:
            continue
        words = compared_words(predicted)
        given = [compared_words(answer.text) for answer in example.answers]
        exact_match[i] = words in given
        f1[i] = max(_f1(words, one) for one in given)
    return QuestionScores(exact_match, f1)


def compared_words(text: str) -> list[str]:
    """What of an answer is compared. Only ASCII punctuation is dropped."""
    text = text.lower().translate(_NO_PUNCTUATION)
    return _ARTICLE.sub(" ", text).split()


def _f1(predicted: list[str], given: list[str]) -> float:
    """Of the words as bags; 0 without a common one, so of two empty ones, too."""
    common = (Counter(predicted) & Counter(given)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(given)
    return 2 * precision * recall / (precision + recall)
