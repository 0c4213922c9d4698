"""A SQuAD directory: sound files, and every way they are known to break."""

import json
from pathlib import Path

import pytest

from reference.errors import InputError
from suite.doctor import squad
from suite.doctor.finding import Level
from suite.doctor.squad import examine_squad
from suite.doctor.states import State

SIZES = {"train": 40, "dev": 20}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """SQuAD of few questions."""
    monkeypatch.setattr(squad, "QUESTIONS", SIZES)


def document(split: str, questions: int, version: str = "1.1") -> dict:
    paragraphs = []
    for number in range(0, questions, 4):
        context = f"The {split} paragraph {number} says little."
        answer = {"text": str(number), "answer_start": context.index(str(number))}
        answers = [answer] * (3 if split == "dev" else 1)
        ids = [f"{split}{question}" for question in range(number, number + 4)]
        qas = [{"id": i, "question": "What?", "answers": list(answers)} for i in ids]
        paragraphs.append({"context": context, "qas": qas})
    return {"version": version, "data": [{"title": "T", "paragraphs": paragraphs}]}


@pytest.fixture
def directory(tmp_path):
    for split, size in SIZES.items():
        write(tmp_path, split, document(split, size))
    return tmp_path


def write(directory: Path, split: str, content: dict, suffix: str = "-v1.1") -> None:
    (directory / f"{split}{suffix}.json").write_text(json.dumps(content))


def named(directory: Path, level: Level = Level.FAULT) -> list[tuple[str, str]]:
    return [
        (finding.name, finding.file.name)
        for finding in examine_squad(directory).findings
        if finding.level == level
    ]


def test_a_sound_copy(directory):
    report = examine_squad(directory)
    assert (report.state, named(directory)) == (State.COMPLETE, [])
    assert [split.rows for split in report.splits] == [40, 20]
    # Written by another program than the published files.
    assert {name for name, _ in named(directory, Level.NOTE)} == {"SHA-256"}


def first_question(content: dict) -> dict:
    return content["data"][0]["paragraphs"][0]["qas"][0]


def misplace(content: dict) -> None:
    first_question(content)["answers"][0]["answer_start"] += 1


def leave_out_answers(content: dict) -> None:
    first_question(content)["answers"] = []


def repeat_an_id(content: dict) -> None:
    first_question(content)["id"] = content["data"][0]["paragraphs"][1]["qas"][0]["id"]


def make_version_2(content: dict) -> None:
    content["version"] = "v2.0"
    leave_out_answers(content)


def keep_one_answer(content: dict) -> None:
    for paragraph in content["data"][0]["paragraphs"]:
        for question in paragraph["qas"]:
            del question["answers"][1:]


def take_paragraphs_out(content: dict) -> None:
    del content["data"][0]["paragraphs"][2:]


def lose_the_structure(content: dict) -> None:
    content["data"] = [{"context": "flat", "question": "What?"}]


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (misplace, "answers out of place"),
        (leave_out_answers, "questions without answers"),
        (repeat_an_id, "questions repeated"),
        (keep_one_answer, "answers lost"),
        (take_paragraphs_out, "partial split"),
        (lose_the_structure, "unknown structure"),
    ],
)
def test_damage_is_named(directory, damage, name):
    content = document("dev", SIZES["dev"])
    damage(content)
    write(directory, "dev", content)
    assert named(directory) == [(name, "dev-v1.1.json")]


def test_version_2_is_named(directory):
    content = document("train", SIZES["train"])
    make_version_2(content)
    write(directory, "train", content)
    assert ("SQuAD 2.0", "train-v1.1.json") in named(directory)


@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_a_file_that_breaks_off(directory, keep):
    path = directory / "train-v1.1.json"
    text = path.read_text()
    path.write_text(text[: int(keep * len(text))])
    assert named(directory) == [("truncated file", path.name)]
    assert examine_squad(directory).state == State.FAULTY


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda raw: b"\xef\xbb\xbf" + raw, "byte-order mark"),
        (lambda raw: raw.decode().encode("utf-16"), "not UTF-8"),
        (lambda raw: raw.replace(b":", b"=", 1), "not JSON"),
        (lambda raw: b"[1]", "unknown structure"),
    ],
)
def test_damaged_bytes_are_named(directory, change, name):
    path = directory / "dev-v1.1.json"
    path.write_bytes(change(path.read_bytes()))
    assert named(directory) == [(name, path.name)]


def test_train_and_dev_exchanged(directory):
    (directory / "dev-v1.1.json").rename(directory / "aside")
    (directory / "train-v1.1.json").rename(directory / "dev-v1.1.json")
    (directory / "aside").rename(directory / "train-v1.1.json")
    assert [name for name, _ in named(directory)] == ["another split's file"] * 2


def test_dev_questions_in_train(directory):
    content = document("train", SIZES["train"] - 4)
    content["data"] += document("dev", 4)["data"]
    write(directory, "train", content)
    assert named(directory) == [("questions in two splits", "train-v1.1.json")]


def test_a_part_that_is_named_so_is_no_fault(directory):
    (directory / "train-v1.1.json").unlink()
    write(directory, "train", document("train", 12), "-v1.1.partial")
    assert named(directory) == []
    assert examine_squad(directory).state == State.PARTIAL


def test_what_is_missing_is_named(directory):
    (directory / "train-v1.1.json").rename(directory / "train-v2.0.json")
    assert named(directory) == [("file missing", "train-v1.1.json")]
    (directory / "dev-v1.1.json").unlink()
    with pytest.raises(InputError, match="found neither"):
        examine_squad(directory)


def test_the_shared_copy(shared, monkeypatch):
    monkeypatch.undo()
    report = examine_squad(shared / "data/squad")
    assert [(s.state, s.rows) for s in report.splits] == [
        (State.PARTIAL, 11877),
        (State.COMPLETE, 10570),
    ]
    assert [(f.level, f.name) for f in report.findings] == [
        (Level.NOTE, "partial split"),
        (Level.OK, "SHA-256"),
    ]
