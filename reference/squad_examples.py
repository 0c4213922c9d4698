"""SQuAD 1.1's questions, and the words of the context that hold an answer.

Source: read_squad_examples in run_squad.py of google-research/bert, and the order that
its main gives to training examples. Standard library only. Not here: the file they are
read from (suite/squad_files.py) and the word pieces (reference/squad_features.py).
"""

import bisect
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

SHUFFLE_SEED = 12345
# Upstream: other white space, such as a no-break space, is a part of its word.
_WORD = re.compile("[^ \t\r\n\u202f]+")


@dataclass(frozen=True)
class SpanAnswer:
    """An answer, and where its first character stands in the context."""

    text: str
    start: int


@dataclass(frozen=True)
class SpanExample:
    """A question on a context; to be trained on it needs exactly one answer."""

    id: str
    question: str
    context: str
    answers: tuple[SpanAnswer, ...]


def context_words(context: str) -> list[str]:
    """The context cut at white space."""
    return _WORD.findall(context)


def answer_words(example: SpanExample) -> tuple[int, int] | None:
    """The first and the last word that the answer touches.

    None where these words do not hold its text, which happens when its white space is
    not what words are cut at, or when it is not what stands at its place. ValueError
    for another number of answers than one.
    """
    if len(example.answers) != 1:
        raise ValueError(
            f"question {example.id}: expected one answer to train on, found "
            f"{len(example.answers)}"
        )
    (answer,) = example.answers
    found = list(_WORD.finditer(example.context))
    begins = [word.start() for word in found]
    words = [word.group() for word in found]
    # White space belongs to the word before it.
    first = bisect.bisect_right(begins, answer.start) - 1
    last = bisect.bisect_right(begins, answer.start + len(answer.text) - 1) - 1
    # Upstream: before the first word, -1 is the last one, as Python counts.
    held = " ".join(words[first : last + 1])
    if not words or " ".join(answer.text.split()) not in held:
        return None
    return first % len(words), last


def training_examples(
    examples: Iterable[SpanExample], seed: int = SHUFFLE_SEED
) -> list[SpanExample]:
    """The examples whose answer can be recovered, in the order they are trained on.

    Upstream: run_squad.py takes its number of steps from the length of this list,
    although each question may become several windows.
    """
    kept = [example for example in examples if answer_words(example) is not None]
    random.Random(seed).shuffle(kept)
    return kept
