"""The compiled programs of fine-tuning for tasks of one shape, and what they hold.

One model of K trials with a table of some words and some positions is begun, trained
(stack_trainer.py) and asked for predictions, and gives its weights back. A task's other
word pieces and positions are left out: they have no gradient, so all that a run does to
them is to decay them (AdamWeightDecay, optimization.py), which has a closed form. Which
runs are made is not here (finetuning.py).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from reference.calls import filled
from reference.configuration import BertConfig
from reference.errors import InputError
from reference.features import Features
from reference.optimization import Clipping
from reference.packing import NO_EXAMPLE, PartShape, packed_parts, rounded_up
from reference.stack_trainer import StackTrainer
from reference.training import compile_model
from reference.weights import Weights, complete, get_weights, weight_shapes
from reference.word_table import WordTable

WORD_EMBEDDINGS = "bert/embeddings/word_embeddings"
POSITION_EMBEDDINGS = "bert/embeddings/position_embeddings"
PREDICTED_ROWS = 8
PREDICTED_EXAMPLES = 256
VOCABULARY_MULTIPLE = 4096

# A model of heads.py for a configuration, so many trials wide.
Head = Callable[[BertConfig, int], Any]


class TaskPrograms:
    """Training and prediction with a table of some words and some positions."""

    def __init__(self, config: BertConfig, head: Head, trials: int, clipping: Clipping):
        self._config, self._trials = config, trials
        self._model = head(config, trials)
        blank = np.zeros((trials, 1, 8), np.int32)
        self._model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), blank))
        self.trainer = StackTrainer(self._model, _losses, clipping)
        self._predict = compile_model(self._model, lambda model, part: model(part))
        self._done: set[str] = set()

    def doing(self, what: str) -> str:
        """A name for time spent on it: the first time, most of it is compilation."""
        first = what not in self._done
        self._done.add(what)
        return f"first call of {what}, compilation" if first else what

    def start(
        self,
        given: Sequence[Weights],
        vocabulary: np.ndarray | None,
        seeds: Sequence[int] | None,
    ) -> WordTable:
        """Begin with each trial's weights; a head that they lack comes from its seed.

        Without `seeds` none may be lacking. `vocabulary` are the rows of the table of
        words that the task uses, in its order; None for all.
        """
        shapes = weight_shapes(self._model)
        if seeds is None:
            _check_heads(given, shapes)
        self.trainer.start(
            [
                self._complete(own, shapes, seed)
                for own, seed in zip(given, seeds or [0] * len(given), strict=True)
            ]
        )
        rows = rounded_up(table_rows(given[0], vocabulary), VOCABULARY_MULTIPLE)
        words = self.trainer.words(max(rows, self._config.vocab_size))
        words.start(_rows(own, vocabulary) for own in given)
        return words

    def weights(
        self,
        given: Sequence[Weights],
        vocabulary: np.ndarray | None,
        words: WordTable,
        left: np.ndarray,
    ) -> list[Weights]:
        """Each trial's weights now, of all word pieces and positions.

        `given` and `vocabulary` are those it was begun with; `left` float `[K]` is the
        share that the steps since then leave of a weight without gradient.
        """
        positions = np.arange(self._config.max_position_embeddings)
        found = []
        for before, own, table, share in zip(
            given, get_weights(self._model), words.tables(), left, strict=True
        ):
            rows = np.arange(len(before[WORD_EMBEDDINGS]))
            trained = {
                WORD_EMBEDDINGS: (rows if vocabulary is None else vocabulary, table),
                POSITION_EMBEDDINGS: (positions, own[POSITION_EMBEDDINGS]),
            }
            whole = {
                name: _among_decayed(before[name], share, *about)
                for name, about in trained.items()
            }
            found.append(own | whole)
        return found

    def logits(self, features: Features, words: WordTable) -> np.ndarray:
        """Predict one split, `[K, n, C]`, or `[K, n, S, 2]` of spans."""
        shape = PartShape(PREDICTED_ROWS, self._config.max_position_embeddings)
        found = []
        for chosen in self._groups(features):
            ids = np.unique(features.input_ids[chosen])
            pieces = filled(ids, self._config.vocab_size, words.rows)
            words.take(np.tile(pieces.astype(np.int32), (self._trials, 1)))
            parts = packed_parts(features, [chosen], shape)
            parts["input_ids"] = np.searchsorted(pieces, parts["input_ids"])
            found.append(self._group_logits(parts, len(chosen)))
        return np.concatenate(found, axis=1)

    def _complete(self, given: Weights, shapes: dict, seed: int) -> Weights:
        """The model's weights; what is looked up lies in the table of all words."""
        positions = given[POSITION_EMBEDDINGS]
        known = given | {
            WORD_EMBEDDINGS: np.zeros(shapes[WORD_EMBEDDINGS], np.float32),
            POSITION_EMBEDDINGS: positions[: self._config.max_position_embeddings],
        }
        return complete(known, shapes, self._config.initializer_range, seed)

    def _groups(self, features: Features) -> Iterator[np.ndarray]:
        """Examples whose word pieces find room in the model's table together."""
        first, rows = 0, len(features.lengths)
        while first < rows:
            size = PREDICTED_EXAMPLES
            chosen = np.arange(first, min(first + size, rows))
            while len(np.unique(features.input_ids[chosen])) > self._config.vocab_size:
                chosen = chosen[: len(chosen) // 2]
            yield chosen
            first += len(chosen)

    def _group_logits(self, parts: dict, examples: int) -> np.ndarray:
        """The logits of packed examples in their own order, `[K, examples, ...]`."""
        ordered = None
        for place, (rows,) in enumerate(parts["rows"]):
            part = {
                name: np.repeat(array[place].astype(array.dtype), self._trials, axis=0)
                for name, array in parts.items()
            }
            logits = self._predict(part)  # [K, E, ...]
            if ordered is None:
                shape = (self._trials, examples, *logits.shape[2:])
                ordered = np.zeros(shape, np.float32)
            slots = np.flatnonzero(rows != NO_EXAMPLE)
            ordered[:, rows[slots]] = logits[:, slots]
        return ordered


def table_rows(weights: Weights, vocabulary: np.ndarray | None) -> int:
    """How many word pieces a task has; all where it does not say which."""
    return len(weights[WORD_EMBEDDINGS] if vocabulary is None else vocabulary)


def _rows(weights: Weights, vocabulary: np.ndarray | None) -> np.ndarray:
    """The embeddings of a task's word pieces, by its own numbers."""
    table = weights[WORD_EMBEDDINGS]
    return table if vocabulary is None else table[vocabulary]


def _among_decayed(
    before: np.ndarray, share: float, rows: np.ndarray, trained: np.ndarray
) -> np.ndarray:
    """The whole table: these rows as they were trained, of the others a share."""
    with np.errstate(over="ignore", invalid="ignore"):  # of a run that diverged
        whole = before * np.float32(share)
    whole[rows] = trained[: len(rows)]
    return whole


def _check_heads(given: Sequence[Weights], shapes: dict) -> None:
    for own in given:
        if missing := [name for name in shapes if name not in own]:
            raise InputError(
                f"weights: expected those of a fine-tuned model, found no "
                f"{', '.join(missing)}; fine-tune it first"
            )


def _losses(model, part, dropout):
    return model.losses(model(part, dropout=dropout), part)
