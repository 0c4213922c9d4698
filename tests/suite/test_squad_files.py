"""SQuAD's own files are read, and what is wrong with a file is said."""

import hashlib
import json

import pytest

from reference.errors import InputError
from reference.squad_examples import SpanAnswer, SpanExample, training_examples
from suite.fetching import addresses
from suite.squad_files import completeness, read_squad
from suite.tasks import SQUAD

CONTEXT = "Grüße from Tōkyō, 東京."


def content(**changes) -> dict:
    """A file of one question; what is not given is sound."""
    question = {
        "id": "q1",
        "question": "Where?",
        "answers": [{"text": "Tōkyō", "answer_start": 11}],
    }
    question |= changes
    return {"data": [{"paragraphs": [{"context": CONTEXT, "qas": [question]}]}]}


@pytest.fixture
def file(tmp_path):
    """Writes bytes, text or what JSON can hold, and returns the path."""

    def write(what):
        path = tmp_path / "squad.json"
        if not isinstance(what, bytes | str):
            what = json.dumps(what)
        path.write_bytes(what if isinstance(what, bytes) else what.encode())
        return path

    return write


def test_a_question_is_read(file):
    path = file(content())
    questions = read_squad(path, is_training=True)
    assert questions.examples == [
        SpanExample("q1", "Where?", CONTEXT, (SpanAnswer("Tōkyō", 11),))
    ]
    assert questions.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert completeness(questions, "dev") == "partial"


def test_escapes_and_a_byte_order_mark_change_nothing(file):
    escaped = read_squad(file(content())).examples
    plain = json.dumps(content(), ensure_ascii=False)
    assert read_squad(file("\ufeff" + plain)).examples == escaped


def test_the_files_that_are_shared(shared):
    directory = shared / "data/squad"
    dev = read_squad(directory / "dev-v1.1.json")
    assert (dev.sha256, len(dev)) == (addresses.SQUAD[1].sha256, SQUAD.rows["dev"])
    assert completeness(dev, "dev") == "complete"
    assert {len(example.answers) for example in dev.examples} == {1, 2, 3, 4, 5, 6}
    partial = read_squad(directory / "train-v1.1.partial.json", is_training=True)
    assert (len(partial), completeness(partial, "train")) == (11_877, "partial")
    extra = read_squad(directory / "train-v1.1.extra.json", is_training=True)
    assert len(training_examples(partial.examples + extra.examples)) == 11_877 + 7_118


def answer(text="Tōkyō", start=11) -> list:
    return [{"text": text, "answer_start": start}]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("", "expected JSON, found none .*cut off or damaged, fetch it again"),
        (json.dumps(content())[:-20], "expected JSON, found none .*line 1 column"),
        ("[" * 100_000, "expected JSON, found none"),
        (b'{"data":\n "\xff"}', "line 2: expected UTF-8 text, found byte 0xff"),
        ([], "expected a list at data, found nothing; give a file in the layout"),
        ({"data": {}}, "expected a list at data, found {}"),
        ({"data": [7]}, r"expected a list at data\[0\].paragraphs, found nothing"),
        ({"data": []}, "expected questions, found none"),
        (
            {"data": [{"paragraphs": [{"qas": []}]}]},
            r"expected a string at data\[0\].paragraphs\[0\].context, found nothing",
        ),
        (content(id=7), r"a string at data\[0\].paragraphs\[0\].qas\[0\].id, found 7"),
        (content(question=None), r"a string at .*qas\[0\].question, found None"),
        (content(answers="Tōkyō"), r"a list at .*qas\[0\].answers, found 'Tōkyō'"),
        (content(answers=[]), r"an answer at .*\.answers, found none.*2\.0 is another"),
        (content(answers=["Tōkyō"]), r"a string at .*answers\[0\].text, found nothing"),
        (content(answers=answer(start="11")), "a whole number at .*found '11'"),
        (content(answers=answer(start=True)), "a whole number at .*found True"),
        (content(answers=answer(text=" ")), r"words at .*answers\[0\].text, found ' '"),
        (content(answers=answer(start=-1)), "of 21 characters, found 5 from -1 on"),
        (content(answers=answer(start=17)), "of 21 characters, found 5 from 17 on"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(file, what, message):
    path = file(what)
    with pytest.raises(InputError, match=message) as refused:
        read_squad(path)
    assert str(refused.value).startswith(f"{path}")
    assert "\n" not in str(refused.value)


def test_an_answer_may_end_the_context(file):
    last = answer(text="東京.", start=18)
    assert read_squad(file(content(answers=last))).examples[0].answers[0].start == 18


def test_a_question_is_there_once(file):
    twice = content()
    twice["data"] *= 2
    with pytest.raises(
        InputError, match="every question once, found the id 'q1' again"
    ):
        read_squad(file(twice))


def test_to_train_there_is_one_answer(file):
    path = file(content(answers=answer() * 2))
    assert len(read_squad(path).examples[0].answers) == 2
    with pytest.raises(
        InputError, match="question q1: expected one answer to train on"
    ):
        read_squad(path, is_training=True)


def test_a_missing_file(tmp_path):
    with pytest.raises(
        InputError, match=r"none\.json: expected a SQuAD file, found none"
    ):
        read_squad(tmp_path / "none.json")
