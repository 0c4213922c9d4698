"""A SQuAD 1.1 directory: train-v1.1.json and dev-v1.1.json.

Checked are what run_squad.py of google-research/bert reads, and what the official
scores need. Not here: features and scores.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reference.errors import InputError
from reference.files import file_sha256
from suite.doctor.finding import Finding, Level, has_fault
from suite.doctor.states import SplitReport, State, TaskReport, state_by_rows
from suite.fetching.addresses import SQUAD as ADDRESSES
from suite.tasks import SQUAD

QUESTIONS = SQUAD.rows
_CHECKSUMS = dict(zip(QUESTIONS, (a.sha256 for a in ADDRESSES), strict=True))
FETCH = "fetch it again: python -m suite fetch squad --to DIR --force"
# (files read, files in all)
Progress = Callable[[int, int], None]


@dataclass
class _Contents:
    """What is in a file; of what is wrong, the ids of the questions."""

    version: str | None = None
    questions: int = 0
    ids: set[str] = field(default_factory=set)
    contexts: set[str] = field(default_factory=set)
    repeated: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    of_several_answers: int = 0


def examine_squad(
    directory: Path, progress: Progress = lambda done, total: None
) -> TaskReport:
    """Go through both files; InputError when neither is there."""
    paths = {split: path for split in QUESTIONS if (path := _file(directory, split))}
    if not paths:
        raise InputError(
            f"{directory}: expected train-v1.1.json and dev-v1.1.json, found neither; "
            "name the directory that holds them"
        )
    findings: list[Finding] = []
    read: dict[str, _Contents] = {}
    splits = []
    for number, (split, official) in enumerate(QUESTIONS.items(), start=1):
        if split not in paths:
            findings.append(_absent(directory, split))
            splits.append(SplitReport(split, State.MISSING, official))
            continue
        told, contents = _examine(paths[split], split)
        state, rows = State.FAULTY, None
        if contents:
            read[split], rows = contents, contents.questions
            if not has_fault(told):
                state = state_by_rows(rows, official)
        splits.append(SplitReport(split, state, official, paths[split], rows))
        findings += told
        progress(number, len(QUESTIONS))
    if len(read) == len(QUESTIONS):
        findings += _shared(paths["train"], read)
    return TaskReport("SQuAD 1.1", tuple(splits), tuple(findings))


def _file(directory: Path, split: str) -> Path | None:
    names = (f"{split}-v1.1.json", f"{split}.json", f"{split}-v1.1.partial.json")
    return next((p for name in names if (p := directory / name).is_file()), None)


def _absent(directory: Path, split: str) -> Finding:
    path = directory / f"{split}-v1.1.json"
    others = sorted(directory.glob(f"{split}*"))
    found = others[0].name if others else "no such file"
    return Finding(Level.FAULT, "file missing", path, found, path.name, FETCH)


def _examine(path: Path, split: str) -> tuple[list[Finding], _Contents | None]:
    try:
        text = path.read_bytes().decode()
        contents = _contents(json.loads(text.removeprefix("\ufeff")))
    except ValueError as error:
        return [_unreadable(path, error)], None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        missing = isinstance(error, KeyError)
        found = f"no {error} on the way" if missing else "something else on the way"
        expected = "data, paragraphs, qas and answers, one in the other"
        return [
            Finding(Level.FAULT, "unknown structure", path, found, expected, FETCH)
        ], None
    found = list(_content_findings(path, contents))
    if text.startswith("\ufeff"):
        found.append(
            Finding(
                Level.FAULT,
                "byte-order mark",
                path,
                "the bytes EF BB BF",
                "JSON at once",
                f"many programs cannot read it; {FETCH}",
                line=1,
            )
        )
    if not has_fault(found):
        found += _size_findings(path, split, contents)
    return found, contents


def _unreadable(path: Path, error: ValueError) -> Finding:
    name, line = "not JSON", None
    if isinstance(error, UnicodeDecodeError):
        name = "not UTF-8"
    elif isinstance(error, json.JSONDecodeError):
        line = error.lineno
        at_end = error.pos >= len(error.doc.rstrip())
        if at_end or error.msg.startswith("Unterminated string"):
            name = "truncated file"
    return Finding(Level.FAULT, name, path, str(error), "JSON", FETCH, line)


def _contents(document: Mapping) -> _Contents:
    found = _Contents(version=document.get("version"))
    for article in document["data"]:
        for paragraph in article["paragraphs"]:
            found.contexts.add(paragraph["context"])
            for question in paragraph["qas"]:
                _take(found, question, paragraph["context"])
    return found


def _take(found: _Contents, question: Mapping, context: str) -> None:
    name, answers = question["id"], question["answers"]
    if name in found.ids:
        found.repeated.append(name)
    found.ids.add(name)
    found.questions += 1
    found.of_several_answers += len(answers) > 1
    if not answers:
        found.unanswered.append(name)
    for answer in answers:
        text, start = answer["text"], answer["answer_start"]
        if context[start : start + len(text)] != text:
            found.misplaced.append(name)
            break


def _content_findings(path: Path, contents: _Contents) -> Iterator[Finding]:
    if contents.version != "1.1":
        version = str(contents.version or "none")
        is_v2 = version.endswith("2.0")
        name = "SQuAD 2.0" if is_v2 or contents.unanswered else "version not stated"
        level = Level.NOTE if contents.version is None else Level.FAULT
        advice = f"published scores are on 1.1; {FETCH}"
        yield Finding(level, name, path, f"version {version}", "1.1", advice)
    for name, ids, expected in (
        ("questions without answers", contents.unanswered, "an answer to each"),
        ("answers out of place", contents.misplaced, "answers where answer_start says"),
        ("questions repeated", contents.repeated, "every id once"),
    ):
        if ids:
            found = f"{len(ids):,} that are not so, the first {ids[0]}"
            yield Finding(Level.FAULT, name, path, found, expected, FETCH)


def _size_findings(path: Path, split: str, contents: _Contents) -> Iterator[Finding]:
    rows, official = contents.questions, QUESTIONS[split]
    expected, found = f"{official:,} questions", f"{rows:,}"
    other = next(name for name in QUESTIONS if name != split)
    if rows == QUESTIONS[other]:
        advice = f"let the two files change names, or {FETCH}"
        found = f"{rows:,}, as many as in {other}"
        yield Finding(
            Level.FAULT, "another split's file", path, found, expected, advice
        )
    elif rows != official:
        is_named_so = ".partial" in path.name and rows < official
        level = Level.NOTE if is_named_so else Level.FAULT
        name = "partial split" if rows < official else "questions too many"
        advice = f"scores on it are compared with nothing; for all of them, {FETCH}"
        yield Finding(level, name, path, found, expected, advice)
    elif split == "dev" and not contents.of_several_answers:
        expected, found = "several answers to most questions", "one to each"
        advice = f"EM and F1 take the best of them, and would be too low; {FETCH}"
        yield Finding(Level.FAULT, "answers lost", path, found, expected, advice)
    elif (sha256 := file_sha256(path)) == _CHECKSUMS[split]:
        yield Finding(Level.OK, "SHA-256", path, "the published one")
    else:
        advice = "another program wrote it; its questions and answers fit together"
        yield Finding(Level.NOTE, "SHA-256", path, sha256, _CHECKSUMS[split], advice)


def _shared(train: Path, read: Mapping[str, _Contents]) -> Iterator[Finding]:
    """The splits are of different articles."""
    ids = len(read["train"].ids & read["dev"].ids)
    contexts = len(read["train"].contexts & read["dev"].contexts)
    if ids or contexts:
        yield Finding(
            Level.FAULT,
            "questions in two splits",
            train,
            f"{ids:,} questions and {contexts:,} paragraphs of dev",
            "none",
            f"a score on what was trained on is no score; {FETCH}",
        )
