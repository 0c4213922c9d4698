"""What a worker does with a stack of SQuAD trials: read, train, answer, score.

As suite/trials.py does it for GLUE; and as there, the records are written by the
parent. Kept of a trial are exact match and F1 of every question; its answers go, as the
official evaluation script reads them, into a file of the work directory.
"""

import functools
import importlib.metadata
import json
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reference.files import written_whole
from suite.squad_files import Questions, read_squad
from suite.squad_metrics import QuestionScores, question_scores
from suite.trials import (
    DIVERGED,
    Stack,
    TrialResult,
    now_and_then,
    pretrained,
    ran_on,
)

# As run_squad.py has it.
# One more whenever the same files are to give other arrays.
FORMAT = 1


@dataclass(frozen=True)
class SquadSources:
    """Where a trial's checkpoint and questions are, and where its answers go."""

    checkpoint: Path
    train: tuple[Path, ...]
    dev: Path
    cache: Path
    answers: Path


def run_squad_stack(stack: Stack, report) -> list[TrialResult]:
    """Job: train the trials of a stack together, and score each one's answers."""
    started = time.monotonic()
    outcome = _train(stack, now_and_then(report))
    answered = [_answered(stack, place, outcome) for place in range(len(stack.trials))]
    seconds = (time.monotonic() - started) / len(stack.trials)
    return [
        _result(outcome, place, scores, seconds)
        for place, scores in enumerate(answered)
    ]


def train_questions(sources: SquadSources) -> list:
    """Those of all train files."""
    return [
        example
        for path in sources.train
        for example in _questions(path, is_training=True).examples
    ]


def _train(stack: Stack, progress):
    from reference.finetuning import Recipe

    first = stack.trials[0]
    checkpoint = pretrained(stack.sources.checkpoint)
    data = _task_data(stack.sources, first.max_seq_length)
    return _tuner(checkpoint.config, len(stack.trials)).run(
        checkpoint.weights,
        data,
        Recipe(first.batch_size, first.epochs, first.warmup_proportion),
        [trial.learning_rate for trial in stack.trials],
        [trial.seed for trial in stack.trials],
        progress,
    )


def _answered(stack: Stack, place: int, outcome) -> QuestionScores | None:
    """The scores of a trial's answers, which are kept; None where it diverged."""
    from reference.squad_answers import answers

    logits = outcome.logits["dev"][place]  # [n, S, 2]
    if not (np.isfinite(logits).all() and np.isfinite(outcome.losses[:, place]).all()):
        return None
    sources, trial = stack.sources, stack.trials[place]
    examples = _questions(sources.dev).examples
    tokenizer = pretrained(sources.checkpoint).tokenizer
    features = _features(sources, "dev", trial.max_seq_length)
    found = answers(tokenizer, examples, features, logits[..., 0], logits[..., 1])
    with written_whole(sources.answers / f"{trial.id}.json") as file:
        json.dump(found, file, ensure_ascii=False, indent=0)
    return question_scores(examples, found)


def _result(outcome, place: int, scores, seconds: float) -> TrialResult:
    losses, ran = outcome.losses[:, place].tolist(), ran_on(outcome, place)
    if scores is None:
        reason = f"{DIVERGED}: the loss or a logit is not a number"
        return TrialResult({}, losses, None, reason, None, seconds, ran)
    degenerate = None
    if len(losses) > 1 and losses[-1] >= losses[0]:
        degenerate = "the training loss did not fall"
    return TrialResult(
        scores={"dev": scores.means()},
        losses=losses,
        predictions={"exact_match": scores.exact_match, "f1": scores.f1},
        diverged=None,
        degenerate=degenerate,
        seconds=seconds,
        ran=ran,
    )


@functools.lru_cache(maxsize=2)
def _task_data(sources: SquadSources, max_seq_length: int):
    from reference.task_data import TaskData, only_occurring_pieces

    train = _features(sources, "train", max_seq_length)
    ends = np.stack([train.start_positions, train.end_positions], axis=1)
    dev = _features(sources, "dev", max_seq_length).features
    # Upstream: steps are counted from questions, of which some have several windows.
    questions = len(np.unique(train.example_index))
    return only_occurring_pieces(
        TaskData(train.features, ends, {"dev": dev}, outputs=2, counted=questions)
    )


@functools.lru_cache(maxsize=4)
def _features(sources: SquadSources, split: str, max_seq_length: int):
    """The windows of a split, from the cache, where they are made if need be."""
    from reference.squad_examples import training_examples
    from reference.squad_features import SpanFeatures, span_features
    from suite.array_cache import kept_arrays

    tokenizer = pretrained(sources.checkpoint).tokenizer
    is_training = split == "train"
    paths = sources.train if is_training else (sources.dev,)
    made_of = {
        "format": FORMAT,
        "squad": split,
        "files": [_questions(path, is_training=is_training).sha256 for path in paths],
        "vocabulary": tokenizer.sha256,
        "lower_case": tokenizer.lower_case,
        "max_seq_length": max_seq_length,
        "tokenizers": importlib.metadata.version("tokenizers"),
        "unicode": unicodedata.unidata_version,
    }

    def made():
        examples = _questions(sources.dev).examples
        if is_training:
            examples = training_examples(train_questions(sources))
        found = span_features(
            tokenizer, examples, max_seq_length, is_training=is_training
        )
        return found.arrays()

    return SpanFeatures.from_arrays(kept_arrays(sources.cache, made_of, made))


@functools.lru_cache(maxsize=4)
def _questions(path: Path, is_training: bool = False) -> Questions:
    return read_squad(path, is_training=is_training)


@functools.cache
def _tuner(config, trials: int):
    from reference.finetuning import FineTuner
    from reference.heads import SpanModel

    return FineTuner(config, SpanModel, trials)
