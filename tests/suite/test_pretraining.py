"""From a corpus to TFRecords and the jobs that are left."""

import itertools
from dataclasses import replace

import pytest

from reference import corpus
from reference.errors import InputError
from reference.instances import InstanceSettings
from reference.masking import MaskingScheme
from reference.tfrecords import read_tfrecords
from suite.pretraining import (
    Plan,
    instance_jobs,
    make_records,
    pretraining_jobs,
    split_corpus,
)

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", "##a", "##b"]
SETTINGS = InstanceSettings(max_seq_length=16, max_predictions_per_seq=3, dupe_factor=2)


def document(number: int, lines: int) -> str:
    return "".join(
        f"{'abcdefgh'[number % 8]} c aab d {'ab' * 2}\n" for _ in range(lines)
    )


@pytest.fixture
def plan(tmp_path) -> Plan:
    """Forty documents of five lines over two files, and a vocabulary of 15 pieces."""
    texts = [document(number, 5) for number in range(40)]
    for name, part in (("a.txt", texts[:20]), ("b.txt", texts[20:])):
        (tmp_path / name).write_text("\n".join(part) + "\n")
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return Plan(
        corpus=(tmp_path / "a.txt", tmp_path / "b.txt"),
        vocab=tmp_path / "vocab.txt",
        models=("BERT-Tiny",),
        num_train_steps=2,
        directory=tmp_path / "work",
        instances=SETTINGS,
        batch_size=4,
    )


def held_out_and_train(plan: Plan) -> tuple[str, str]:
    folder = plan.directory / "corpus"
    return (folder / "held_out.txt").read_text(), (folder / "train.txt").read_text()


def test_the_split_keeps_every_document_once_and_in_order(plan):
    split_corpus(plan)
    held_out, train = held_out_and_train(plan)
    documents = train.split("\n\n")[:-1] + held_out.split("\n\n")[:-1]
    assert documents == [document(number, 5).strip() for number in range(40)]
    # 1 % of 200 lines is less than the last document.
    assert held_out.strip() == document(39, 5).strip()


@pytest.mark.parametrize(
    ("lengths", "held_out"),
    [([100, 1, 1], 2), ([300, 1, 1], 2), ([1, 1], 1), ([1, 500], 1), ([50] * 10, 1)],
)
def test_at_least_a_hundredth_of_the_lines_is_held_out(plan, lengths, held_out):
    """As few of the last documents as hold it, but never all of them."""
    texts = [document(number, lines) for number, lines in enumerate(lengths)]
    plan.corpus[0].write_text("\n".join(texts))
    split_corpus(replace(plan, corpus=plan.corpus[:1]))
    found, _ = held_out_and_train(plan)
    assert found.count("\n\n") == held_out


def test_the_corpus_is_read_and_split_once(plan, monkeypatch):
    read, read_lines = [], corpus.read_lines

    def counted(path):
        read.append(path)
        return read_lines(path)

    monkeypatch.setattr(corpus, "read_lines", counted)
    for _ in range(2):
        plan.claim()
        assert read == list(plan.corpus)


def test_a_split_that_was_stopped_is_made_anew(plan, monkeypatch):
    """Killed before the mark: what stands there may be of another corpus, or half."""
    split_corpus(plan)
    plan.corpus[0].write_text("other a\n\ntext b\n\n")
    plan.claim()
    _, train = held_out_and_train(plan)
    assert train.startswith("other a\n\ntext b\n\n")


def test_jobs_are_what_is_missing(plan):
    assert len(instance_jobs(plan)) == 4
    assert len(pretraining_jobs(plan)) == 2
    parts = list(itertools.product(("train", "held_out"), MaskingScheme))
    for done, (part, masking) in enumerate(parts, start=1):
        plan.records(part, masking).parent.mkdir(parents=True, exist_ok=True)
        plan.records(part, masking).touch()
        assert len(instance_jobs(plan)) == 4 - done
    for done, path in enumerate(plan.checkpoints(), start=1):
        path.mkdir(parents=True)
        assert len(pretraining_jobs(plan)) == 3 - done  # a state is no checkpoint
        (path / "model.safetensors").touch()
        assert len(pretraining_jobs(plan)) == 2 - done


def test_held_out_text_is_gone_through_once_and_training_text_twice(plan):
    split_corpus(plan)
    reports = []
    for part, masking in itertools.product(("train", "held_out"), MaskingScheme):
        make_records(plan, part, masking, reports.append)
        records = read_tfrecords([plan.records(part, masking)])
        assert records["input_ids"].shape[1] == 16
        assert records["masked_lm_ids"].shape[1] == 3
    # A pass to read, one for each time the text is gone through, one to write.
    assert ("wordpiece train", 4, 4) in reports
    assert ("whole-word held_out", 3, 3) in reports


def test_a_directory_belongs_to_one_plan(plan):
    plan.claim()
    plan.claim()
    replace(plan, models=("BERT-Tiny", "BERT-Mini")).claim()
    for other in (
        {"num_train_steps": 3},
        {"instances": replace(SETTINGS, dupe_factor=3)},
        {"corpus": plan.corpus[::-1]},
        {"corpus": plan.corpus[:1]},
    ):
        with pytest.raises(InputError, match="begun on other text, vocabulary or"):
            replace(plan, **other).claim()
    plan.corpus[0].write_text(plan.corpus[0].read_text() + "\nmore\n")
    with pytest.raises(InputError, match="begun on other text, vocabulary or"):
        plan.claim()


@pytest.mark.parametrize("text", ["", "\n\n\n", "only one\ndocument\n"])
def test_a_corpus_without_documents_is_refused_and_nothing_left(plan, text):
    for path in plan.corpus:
        path.write_text("")
    plan.corpus[0].write_text(text)
    with pytest.raises(InputError, match="at least two documents"):
        plan.claim()
    assert not plan.directory.exists()


def test_a_vocabulary_without_mask_is_refused_and_nothing_left(plan):
    plan.vocab.write_text("\n".join(p for p in PIECES if p != "[MASK]") + "\n")
    with pytest.raises(InputError, match=r"vocab.txt: .* found no \[MASK\]"):
        plan.claim()
    assert not plan.directory.exists()


def test_a_missing_corpus_is_refused_and_nothing_left(plan):
    plan.corpus[1].unlink()
    with pytest.raises(InputError, match=r"b.txt: cannot be read \(No such file"):
        plan.claim()
    assert not plan.directory.exists()
