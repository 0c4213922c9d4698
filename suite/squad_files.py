"""SQuAD 1.1's own files: questions, each with its context and its answers.

The official layout, `{"data": [{"paragraphs": [{"context", "qas": [{"id", "question",
"answers": [{"text", "answer_start"}]}]}]}]}`; titles and the version are not needed,
and not looked at. Not here: which answers can be trained on
(reference/squad_examples.py), and scores (suite/squad_metrics.py).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reference.errors import InputError
from reference.squad_examples import SpanAnswer, SpanExample
from suite.tasks import SQUAD

_KINDS = {list: "a list", dict: "an object", str: "a string", int: "a whole number"}


@dataclass(frozen=True, eq=False)
class Questions:
    """A file's questions in its order, and the SHA-256 of its bytes."""

    examples: list[SpanExample]
    sha256: str

    def __len__(self) -> int:
        return len(self.examples)


def read_squad(path: str | Path, *, is_training: bool = False) -> Questions:
    """Read a file of SQuAD 1.1.

    InputError says what is missing or malformed, and at which place of the file. To
    train, each question has exactly one answer; else at least one.
    """
    path = Path(path)
    content, digest = _read(path)
    examples = list(_examples(content, path))
    if not examples:
        raise InputError(
            f"{path}: expected questions, found none; give a SQuAD 1.1 file"
        )
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise InputError(
                f"{path}: expected every question once, found the id {example.id!r} "
                "again; remove one of them"
            )
        seen.add(example.id)
        if is_training and len(example.answers) != 1:
            raise InputError(
                f"{path}, question {example.id}: expected one answer to train on, "
                f"found {len(example.answers)}; give a train file, not a dev file"
            )
    return Questions(examples, digest)


def completeness(questions: Questions, split: str) -> str:
    """ "complete" for the official number of questions of a split, else "partial"."""
    return "complete" if len(questions) == SQUAD.rows[split] else "partial"


def _read(path: Path) -> tuple[object, str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: expected a SQuAD file, found none ({error.strerror}); check the "
            "path or fetch SQuAD"
        ) from error
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: expected UTF-8 text, found byte "
            f"0x{raw[error.start]:02x}; save the file as UTF-8"
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"{path}: expected JSON, found none ({error}); the file is cut off or "
            "damaged, fetch it again"
        ) from error
    return content, hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True)
class _Place:
    """A value in a file, and how one gets there."""

    value: object
    path: Path
    steps: str = ""

    def named(self, name: str, kind: type) -> "_Place":
        """What an object has under a name; InputError if it is not of that kind."""
        where = f"{self.steps}.{name}" if self.steps else name
        if not isinstance(self.value, dict) or name not in self.value:
            self._refuse(where, kind, "nothing")
        found = self.value[name]
        if not isinstance(found, kind) or isinstance(found, bool):
            self._refuse(where, kind, f"{found!r:.40}")
        return _Place(found, self.path, where)

    def each(self, name: str) -> Iterator["_Place"]:
        """The members of the list that an object has under a name."""
        found = self.named(name, list)
        for index, value in enumerate(found.value):
            yield _Place(value, self.path, f"{found.steps}[{index}]")

    def _refuse(self, where: str, kind: type, found: str) -> None:
        raise InputError(
            f"{self.path}: expected {_KINDS[kind]} at {where}, found {found}; give a "
            "file in the layout of SQuAD 1.1"
        )


def _examples(content: object, path: Path) -> Iterator[SpanExample]:
    for article in _Place(content, path).each("data"):
        for paragraph in article.each("paragraphs"):
            context = paragraph.named("context", str).value
            for question in paragraph.each("qas"):
                yield SpanExample(
                    id=question.named("id", str).value,
                    question=question.named("question", str).value,
                    context=context,
                    answers=_answers(question, context),
                )


def _answers(question: _Place, context: str) -> tuple[SpanAnswer, ...]:
    answers = []
    for place in question.each("answers"):
        answer = SpanAnswer(
            place.named("text", str).value, place.named("answer_start", int).value
        )
        if not answer.text.strip():
            raise InputError(
                f"{place.path}: expected words at {place.steps}.text, found "
                f"{answer.text!r}; remove the question"
            )
        if not 0 <= answer.start <= len(context) - len(answer.text):
            raise InputError(
                f"{place.path}: expected the answer at {place.steps} to lie in its "
                f"context of {len(context)} characters, found {len(answer.text)} from "
                f"{answer.start} on; correct answer_start"
            )
        answers.append(answer)
    if not answers:
        raise InputError(
            f"{question.path}: expected an answer at {question.steps}.answers, found "
            "none; give a file of SQuAD 1.1, in which every question has one (2.0 is "
            "another task)"
        )
    return tuple(answers)
