"""What a teacher says of texts: computed once, kept, and shared by its students.

Of classes their probabilities, the softmax of its logits at temperature 1 (Turc et al.
2019, "Well-Read Students Learn Better", on pre-trained distillation; Hinton et al.
2015), and of STS-B its score. The texts are asked about in parts, each of which is
kept, so that workers share them out and one that is stopped loses little. The teacher
reads the texts with its own tokeniser; a student may have another.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from reference.features import Features
from reference.files import file_sha256
from reference.task_data import TaskData, only_occurring_pieces
from suite.array_cache import kept_arrays
from suite.metrics import predictions_from_logits, scores
from suite.task_cache import TaskSource, tokenised_task
from suite.tasks import TASKS
from suite.transfer_texts import DistilledSources, texts_files, transfer_features
from suite.trials import pretrained, tuner_for

# Texts that are asked about at once.
PART = 4096
# One more whenever the same teacher and texts are to give other answers.
FORMAT = 1


@dataclass(frozen=True)
class Lesson:
    """A teacher, texts, and the length they are read to."""

    sources: DistilledSources
    task: str
    max_seq_length: int


def part_count(texts: int) -> int:
    """In how many parts so many texts are asked about."""
    return math.ceil(texts / PART)


def ask_part(lesson: Lesson, number: int, report) -> int:
    """Job: have the teacher's answers on a part kept; how many there are."""
    return len(_part(lesson, number))


def ask_known(lesson: Lesson, report) -> dict[str, dict[str, float]]:
    """Job: the teacher's own scores on the splits whose labels are known."""
    task = TASKS[lesson.task]
    tokenizer = pretrained(lesson.sources.teacher).tokenizer
    source = TaskSource(lesson.sources, task, tokenizer, lesson.max_seq_length)
    known = tokenised_task(source)
    found = _logits(lesson, known.data)
    return {
        split: scores(task, predictions_from_logits(task, found[split]), labels)
        for split, labels in known.labels.items()
    }


def answers(lesson: Lesson) -> np.ndarray:
    """Of every text: float32 `[n, C]`, summing to 1, or the scores `[n]` of STS-B."""
    parts = part_count(len(_texts(lesson).train.lengths))
    return np.concatenate([_part(lesson, number) for number in range(parts)])


def softened(logits: np.ndarray) -> np.ndarray:
    """Softmax over classes, float32 `[n, C]`; of a single output the score, `[n]`."""
    if logits.shape[-1] == 1:
        return logits[..., 0]
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)


def _part(lesson: Lesson, number: int) -> np.ndarray:
    def made():
        data = _texts(lesson)
        part = _slice(data.train, slice(number * PART, (number + 1) * PART))
        found = _logits(lesson, replace(data, evaluated={"part": part}))
        return {"answers": softened(found["part"])}

    cache = lesson.sources.cache
    if cache is None:
        return made()["answers"]
    made_of = _about(lesson) | {"part": number, "of": PART}
    return kept_arrays(cache, made_of, made)["answers"]


@functools.lru_cache(maxsize=2)
def _about(lesson: Lesson) -> dict:
    """All that the answers depend on, in words and digests."""
    teacher, task = pretrained(lesson.sources.teacher), TASKS[lesson.task]
    return {
        "format": FORMAT,
        "teacher": teacher.sha256,
        "task": task.name,
        "texts": [file_sha256(path) for path in texts_files(lesson.sources, task)],
        "max_seq_length": lesson.max_seq_length,
    }


@functools.lru_cache(maxsize=2)
def _texts(lesson: Lesson) -> TaskData:
    """The texts as the teacher takes them; of a task that has no labels here."""
    task, teacher = TASKS[lesson.task], pretrained(lesson.sources.teacher)
    how = teacher.tokenizer, lesson.max_seq_length
    features = transfer_features(lesson.sources, task, *how)
    none = np.zeros(len(features.lengths), np.int32)
    return only_occurring_pieces(TaskData(features, none, {}, _outputs(lesson)))


def _logits(lesson: Lesson, data: TaskData) -> dict[str, np.ndarray]:
    """The teacher's logits `[n, C]` of every split."""
    teacher = pretrained(lesson.sources.teacher)
    found = tuner_for(teacher.config, _outputs(lesson), 1).predict(
        teacher.weights, data
    )
    return {split: logits for split, (logits,) in found.items()}


def _outputs(lesson: Lesson) -> int:
    return TASKS[lesson.task].outputs


def _slice(features: Features, chosen: slice) -> Features:
    return Features(
        features.input_ids[chosen],
        features.segment_ids[chosen],
        features.lengths[chosen],
    )
