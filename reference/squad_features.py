"""Features for SQuAD: [CLS] question [SEP] window of the context [SEP].

Source: convert_examples_to_features in run_squad.py of google-research/bert. A context
that is too long becomes several windows, each a feature of its own. Not here: which
examples are trained on and in which order (reference/squad_examples.py), and what
becomes of the logits (reference/squad_answers.py).

Shapes: N windows, S = max_seq_length tokens of each.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.errors import InputError
from reference.features import Features
from reference.squad_examples import SpanExample, answer_words, context_words
from reference.tokenization import Tokenizer

NO_WORD = -1
_INPUTS = ("input_ids", "segment_ids", "lengths")
_TRAINING = ("start_positions", "end_positions")
_ANSWERING = ("token_to_orig_map", "token_is_max_context")


@dataclass(frozen=True, eq=False)
class SpanFeatures:
    """N windows, in the order of their examples; width S whatever the text.

    `features`: int32 [N, S] ids and segments, and int32 [N] lengths.
    `example_index`: int32 [N], which of the examples a window belongs to.
    To train on: `start_positions`, `end_positions`, int32 [N], the first and last token
    of the answer; both 0 where the window does not hold all of it.
    To answer from: `token_to_orig_map`, int32 [N, S], the context's word that a token
    is of (-1: of none), and `token_is_max_context`, bool [N, S], whether no other
    window shows more around that token.
    Of the last two pairs the one that was not asked for is None.
    """

    features: Features
    example_index: np.ndarray
    start_positions: np.ndarray | None = None
    end_positions: np.ndarray | None = None
    token_to_orig_map: np.ndarray | None = None
    token_is_max_context: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.example_index)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is there, by name, to be kept; `from_arrays` reverses it."""
        named = {name: getattr(self.features, name) for name in _INPUTS}
        named["example_index"] = self.example_index
        for name in _TRAINING + _ANSWERING:
            if (array := getattr(self, name)) is not None:
                named[name] = array
        return named

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "SpanFeatures":
        rest = {name: arrays[name] for name in arrays if name not in _INPUTS}
        return cls(Features(**{name: arrays[name] for name in _INPUTS}), **rest)


@dataclass(frozen=True)
class _Document:
    """The word pieces of a context: ids [T], the word of each [T].

    `first_token` [W + 1] is where the pieces of each word begin, and the end.
    """

    ids: np.ndarray
    words: np.ndarray
    first_token: np.ndarray


@dataclass(frozen=True)
class _Window:
    """`length` pieces of a document from `start` on, behind a question's pieces."""

    example: int
    question: list[int]
    document: _Document
    start: int
    is_max_context: np.ndarray  # bool [length]

    @property
    def length(self) -> int:
        return len(self.is_max_context)

    @property
    def begin(self) -> int:
        """Where the document begins in the sequence: after [CLS] question [SEP]."""
        return len(self.question) + 2


def span_features(
    tokenizer: Tokenizer,
    examples: Sequence[SpanExample],
    max_seq_length: int = 384,
    doc_stride: int = 128,
    max_query_length: int = 64,
    *,
    is_training: bool,
) -> SpanFeatures:
    """The windows of all examples, `doc_stride` pieces apart.

    An example whose context has no word piece has no window. To train, every example
    needs one answer that can be recovered, as `training_examples` picks them:
    ValueError otherwise. InputError where there is no example or lengths do not fit.
    """
    _check_lengths(len(examples), max_seq_length, doc_stride, max_query_length)
    questions = tokenizer.encode_batch([example.question for example in examples])
    documents = _documents(tokenizer, [example.context for example in examples])
    windows = []
    for index, (example, question) in enumerate(zip(examples, questions, strict=True)):
        asked, document = question[:max_query_length], documents[example.context]
        room = max_seq_length - len(asked) - 3
        starts, seen = _windows(len(document.ids), room, doc_stride)
        windows += [
            _Window(index, asked, document, start, is_max_context)
            for start, is_max_context in zip(starts, seen, strict=True)
        ]
    features = _laid(tokenizer, windows, max_seq_length)
    example_index = np.array([window.example for window in windows], np.int32)
    if is_training:
        spans = _answer_spans(tokenizer, examples, documents)
        found = dict(zip(_TRAINING, _positions(windows, spans), strict=True))
    else:
        found = dict(zip(_ANSWERING, _maps(windows, max_seq_length), strict=True))
    return SpanFeatures(features, example_index, **found)


def _check_lengths(examples: int, max_seq_length, doc_stride, max_query_length) -> None:
    if examples == 0:
        raise InputError("questions: expected at least one, found none")
    if max_query_length < 0 or max_seq_length <= max_query_length + 3:
        raise InputError(
            "max_seq_length: expected more than max_query_length + 3, found "
            f"{max_seq_length} with a max_query_length of {max_query_length}"
        )
    if doc_stride < 1:
        raise InputError(f"doc_stride: expected at least 1, found {doc_stride}")


def _documents(tokenizer: Tokenizer, contexts: list[str]) -> dict[str, _Document]:
    """Each context cut into pieces, word by word, once for all its questions."""
    words = {context: context_words(context) for context in dict.fromkeys(contexts)}
    tokens, lengths = tokenizer.encode_joined(
        list(itertools.chain.from_iterable(words.values()))
    )
    word_ends = np.cumsum([len(one) for one in words.values()])
    first_tokens = np.concatenate([[0], lengths.cumsum()])
    documents = {}
    for context, end in zip(words, word_ends, strict=True):
        begin = end - len(words[context])
        first_token = first_tokens[begin : end + 1]
        documents[context] = _Document(
            ids=tokens[first_token[0] : first_token[-1]],
            words=np.repeat(np.arange(end - begin), lengths[begin:end]),
            first_token=first_token - first_token[0],
        )
    return documents


def _windows(
    tokens: int, room: int, doc_stride: int
) -> tuple[list[int], list[np.ndarray]]:
    """Where windows of a document start, and bool [length] of each: is_max_context.

    A token's score in a window is the smaller number of neighbours on its two sides,
    and a hundredth of the window's length; of equal ones the first window is taken.
    """
    if tokens <= room:
        return ([0], [np.ones(tokens, bool)]) if tokens else ([], [])
    step = min(room, doc_stride)
    count = 1 + -(-(tokens - room) // step)
    starts = np.arange(count) * step
    lengths = np.minimum(tokens - starts, room)
    left = np.arange(tokens) - starts[:, None]  # [windows, tokens]
    right = lengths[:, None] - 1 - left
    scores = np.minimum(left, right) + 0.01 * lengths[:, None]
    scores[(left < 0) | (right < 0)] = -np.inf
    best = scores.argmax(axis=0)
    seen = [
        best[start : start + length] == window
        for window, (start, length) in enumerate(zip(starts, lengths, strict=True))
    ]
    return starts.tolist(), seen


def _laid(tokenizer: Tokenizer, windows: list[_Window], width: int) -> Features:
    # Upstream: padding is 0, whatever the id of [PAD].
    input_ids, segment_ids = np.zeros((2, len(windows), width), np.int32)
    lengths = np.zeros(len(windows), np.int32)
    for row, window in enumerate(windows):
        begin, end = window.begin, window.begin + window.length
        ids = window.document.ids[window.start : window.start + window.length]
        input_ids[row, 0] = tokenizer.cls_id
        input_ids[row, 1 : begin - 1] = window.question
        input_ids[row, [begin - 1, end]] = tokenizer.sep_id
        input_ids[row, begin:end] = ids
        segment_ids[row, begin : end + 1] = 1
        lengths[row] = end + 1
    return Features(input_ids, segment_ids, lengths)


def _maps(windows: list[_Window], width: int) -> tuple[np.ndarray, np.ndarray]:
    token_to_orig_map = np.full((len(windows), width), NO_WORD, np.int32)
    token_is_max_context = np.zeros((len(windows), width), bool)
    for row, window in enumerate(windows):
        here = slice(window.begin, window.begin + window.length)
        words = window.document.words[window.start : window.start + window.length]
        token_to_orig_map[row, here] = words
        token_is_max_context[row, here] = window.is_max_context
    return token_to_orig_map, token_is_max_context


def _positions(windows, spans) -> tuple[np.ndarray, np.ndarray]:
    """The answers' first and last tokens as each window counts."""
    start_positions, end_positions = np.zeros((2, len(windows)), np.int32)
    for row, window in enumerate(windows):
        first, last = spans[window.example]
        if window.start <= first and last < window.start + window.length:
            start_positions[row] = first - window.start + window.begin
            end_positions[row] = last - window.start + window.begin
    return start_positions, end_positions


def _answer_spans(tokenizer, examples, documents) -> list[tuple[int, int]]:
    """The first and last piece of each answer in its document."""
    spans = [answer_words(example) for example in examples]
    if None in spans:
        raise ValueError(
            f"question {examples[spans.index(None)].id}: the answer cannot be "
            "recovered from the context; train on what training_examples gives"
        )
    answers = tokenizer.encode_batch([example.answers[0].text for example in examples])
    return [
        _answer_span(documents[example.context], *span, answer)
        for example, span, answer in zip(examples, spans, answers, strict=True)
    ]


def _answer_span(document, first_word, last_word, answer) -> tuple[int, int]:
    """The first place of the answer's own pieces among those of its words.

    Answers begin and end within words ("1895" in "(1895-1943)."); where the pieces of
    the answer by itself are not among them, the span is that of the words.
    """
    first = int(document.first_token[first_word])
    last = int(document.first_token[last_word + 1]) - 1
    pieces = document.ids[first : last + 1].tolist()
    for shift in range(len(pieces) - len(answer) + 1 if answer else 0):
        if pieces[shift : shift + len(answer)] == answer:
            return first + shift, first + shift + len(answer) - 1
    return first, last
