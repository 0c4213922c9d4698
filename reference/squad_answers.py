"""From logits to answers: the best spans, and their text as the context has it.

Source: write_predictions and get_final_text in run_squad.py of google-research/bert,
for SQuAD 1.1, which knows no question without an answer. Not here: scores of the
answers (suite/squad_metrics.py).

Shapes: N windows of S tokens, logits of W tokens each; C candidates.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from reference.basic_tokenization import basic_words
from reference.squad_examples import SpanExample, context_words
from reference.squad_features import NO_WORD, SpanFeatures
from reference.tokenization import Tokenizer

# What a question is answered with that has no candidate.
NO_CANDIDATE = "empty"


@dataclass(frozen=True)
class AnswerSearch:
    """How many starts, ends and answers are looked at; how many pieces they may be."""

    n_best: int = 20
    max_answer_length: int = 30


DEFAULT_SEARCH = AnswerSearch()


@dataclass(frozen=True)
class NBestAnswer:
    """One of a question's best answers; probabilities are among these."""

    text: str
    probability: float
    start_logit: float
    end_logit: float


def answers(
    tokenizer: Tokenizer,
    examples: Sequence[SpanExample],
    features: SpanFeatures,
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    search: AnswerSearch = DEFAULT_SEARCH,
) -> dict[str, str]:
    """The answer to each question: id -> text, in the order of the examples.

    `features` are those of the examples and the tokenizer, made to answer from, with
    its own ids. The logits are floats [N, W], of the longest window at least; those
    of a window beyond its length are of padding.
    Upstream: the best starts and ends are sought among all S tokens of a sequence,
    question and padding too, and those outside the context dropped afterwards. Where
    padding has no logits, or very low ones, others may take its places.
    ValueError where shapes do not fit or the logits of a token are not finite.
    """
    candidates = _candidates(features, start_logits, end_logits, search)
    recovery = _Recovery(tokenizer, features)
    found = {}
    for example, own in _by_example(examples, candidates):
        words = context_words(example.context)
        texts = (recovery.text(words, *candidates.span(i)) for i in own)
        found[example.id] = next(texts, NO_CANDIDATE)
    return found


def n_best_answers(
    tokenizer: Tokenizer,
    examples: Sequence[SpanExample],
    features: SpanFeatures,
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    search: AnswerSearch = DEFAULT_SEARCH,
) -> dict[str, list[NBestAnswer]]:
    """The best answers to each question, the first of them that of `answers`.

    The arguments are those of `answers`. Answers of one question differ in their text.
    """
    candidates = _candidates(features, start_logits, end_logits, search)
    recovery = _Recovery(tokenizer, features)
    found = {}
    for example, own in _by_example(examples, candidates):
        words = context_words(example.context)
        best: dict[str, tuple[float, float]] = {}
        for i in own:
            if len(best) == search.n_best:
                break
            text = recovery.text(words, *candidates.span(i))
            best.setdefault(text, candidates.logits(i))
        found[example.id] = _with_probabilities(best or {NO_CANDIDATE: (0.0, 0.0)})
    return found


@dataclass(frozen=True, eq=False)
class _Candidates:
    """C possible answers, [C] each: by example, and there the best first."""

    example: np.ndarray
    window: np.ndarray
    start: np.ndarray
    end: np.ndarray
    start_logit: np.ndarray
    end_logit: np.ndarray

    def span(self, i: int) -> tuple[int, int, int]:
        return int(self.window[i]), int(self.start[i]), int(self.end[i])

    def logits(self, i: int) -> tuple[float, float]:
        return float(self.start_logit[i]), float(self.end_logit[i])


def _candidates(
    features: SpanFeatures,
    start_logits: np.ndarray,
    end_logits: np.ndarray,
    search: AnswerSearch,
) -> _Candidates:
    """Each window's best starts with each of its best ends.

    Equals keep the order of windows, then of starts, then of ends, and there the
    first token comes first.
    """
    _check(features, start_logits, end_logits)
    width = features.features.input_ids.shape[1]
    starts = _best_indexes(start_logits[:, :width], search.n_best)  # [N, n]
    ends = _best_indexes(end_logits[:, :width], search.n_best)
    rows = np.arange(len(features))[:, None]
    is_start = features.token_is_max_context[rows, starts]
    is_end = features.token_to_orig_map[rows, ends] != NO_WORD
    length = ends[:, None, :] - starts[:, :, None] + 1  # [N, n, n]
    possible = (length >= 1) & (length <= search.max_answer_length)
    possible &= is_start[:, :, None] & is_end[:, None, :]
    window, start_rank, end_rank = np.nonzero(possible)
    start, end = starts[window, start_rank], ends[window, end_rank]
    found = _Candidates(
        features.example_index[window],
        window,
        start,
        end,
        start_logits[window, start].astype(np.float64),
        end_logits[window, end].astype(np.float64),
    )
    # lexsort is stable.
    order = np.lexsort((-(found.start_logit + found.end_logit), found.example))
    return _Candidates(*(getattr(found, one.name)[order] for one in fields(found)))


def _best_indexes(logits: np.ndarray, n_best: int) -> np.ndarray:
    """int64 [N, n]: where the largest are, of equal ones the first."""
    return np.argsort(-logits, axis=1, kind="stable")[:, :n_best]


def _check(features: SpanFeatures, *logits: np.ndarray) -> None:
    if features.token_to_orig_map is None:
        raise ValueError("expected features to answer from, found those to train on")
    lengths = features.features.lengths
    longest = lengths.max(initial=0)
    for one in logits:
        windows, tokens = one.shape
        if windows != len(features) or tokens < longest:
            raise ValueError(
                f"expected logits [{len(features)}, {longest} or more], found shape "
                f"{one.shape}"
            )
        is_token = np.arange(tokens) < lengths[:, None]
        if not np.isfinite(one[is_token]).all():
            raise ValueError("expected finite logits, found NaN or infinity")


def _by_example(
    examples: Sequence[SpanExample], candidates: _Candidates
) -> Iterator[tuple[SpanExample, range]]:
    """Each example with the places of its candidates."""
    ends = np.searchsorted(candidates.example, np.arange(len(examples)), side="right")
    begin = 0
    for example, end in zip(examples, ends.tolist(), strict=True):
        yield example, range(begin, end)
        begin = end


def _with_probabilities(best: dict[str, tuple[float, float]]) -> list[NBestAnswer]:
    """The softmax of the sums of both logits."""
    sums = [start + end for start, end in best.values()]
    powers = [math.exp(one - max(sums)) for one in sums]
    total = sum(powers)
    return [
        NBestAnswer(text, power / total, *logits)
        for (text, logits), power in zip(best.items(), powers, strict=True)
    ]


class _Recovery:
    """The text of spans; the tokens of words that were met are remembered."""

    def __init__(self, tokenizer: Tokenizer, features: SpanFeatures):
        self._tokenizer = tokenizer
        self._input_ids = features.features.input_ids
        self._map = features.token_to_orig_map
        self._known: dict[str, str] = {}

    def text(self, words: Sequence[str], window: int, start: int, end: int) -> str:
        """What the tokens from `start` to `end` of a window are in the context."""
        vocab = self._tokenizer.vocab
        pieces = [vocab[i] for i in self._input_ids[window, start : end + 1].tolist()]
        predicted = " ".join(pieces).replace(" ##", "").replace("##", "")
        first, last = self._map[window, [start, end]].tolist()
        original = words[first : last + 1]
        tokens = filter(None, map(self._tokens, original))
        return recovered(predicted, " ".join(original), " ".join(tokens))

    def _tokens(self, word: str) -> str:
        if (tokens := self._known.get(word)) is None:
            tokens = " ".join(basic_words(word, self._tokenizer.lower_case))
            self._known[word] = tokens
        return tokens


def recovered(predicted: str, original: str, tokenised: str) -> str:
    """The part of the original text that its word pieces put together stand for.

    `tokenised` are the basic tokens of `original` with spaces between. Where
    `predicted` is not among them (it holds an [UNK]), or where tokenising dropped or
    added characters, so that the two cannot be laid side by side, it is all of it.
    """
    predicted = " ".join(predicted.split())
    start = tokenised.find(predicted)
    places = [i for i, character in enumerate(original) if character != " "]
    if not predicted or start < 0 or len(places) != _visible(tokenised):
        return original
    first = _visible(tokenised[:start])
    last = first + _visible(predicted) - 1
    return original[places[first] : places[last] + 1]


def _visible(text: str) -> int:
    """How many characters are no spaces."""
    return len(text) - text.count(" ")
