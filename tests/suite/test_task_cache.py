"""A task from the cache is the task; whatever can change it makes another."""

import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

from reference.tokenization import Tokenizer
from suite import task_cache, trials
from suite.glue_files import read_examples, split_path
from suite.records import Trial
from suite.task_cache import TaskSource, tokenised_task
from suite.tasks import TASKS
from suite.trials import Sources, Stack, run_stack
from tests.suite.miniature import PIECES, ROWS


@pytest.fixture
def source(miniature, tmp_path) -> TaskSource:
    """SST-2 with public test labels, in files that a test may change."""
    for part in ("glue", "test_labels"):
        shutil.copytree(miniature.directory / part, tmp_path / part)
    sources = Sources(
        miniature.checkpoint_dir,
        tmp_path / "glue",
        tmp_path / "test_labels",
        tmp_path / "cache",
    )
    return TaskSource(sources, TASKS["SST-2"], Tokenizer(PIECES), 32)


def with_sources(source: TaskSource, **changed) -> TaskSource:
    return replace(source, sources=replace(source.sources, **changed))


@pytest.fixture
def tokenised(monkeypatch) -> list[int]:
    """The numbers of texts that are tokenised, as it happens."""
    batches, encode = [], Tokenizer.encode_batch

    def noted(self, lines):
        batches.append(len(lines))
        return encode(self, lines)

    monkeypatch.setattr(Tokenizer, "encode_batch", noted)
    return batches


def assert_same(one, other) -> None:
    assert one.labels.keys() == other.labels.keys()
    for split in one.labels:
        np.testing.assert_array_equal(one.labels[split], other.labels[split])
    assert one.data.evaluated.keys() == other.data.evaluated.keys()
    assert one.data.outputs == other.data.outputs
    for name in ("vocabulary", "labels"):
        np.testing.assert_array_equal(
            getattr(one.data, name), getattr(other.data, name)
        )
    splits = {"train": (one.data.train, other.data.train)} | {
        name: (one.data.evaluated[name], other.data.evaluated[name])
        for name in one.data.evaluated
    }
    for features, others in splits.values():
        for field in fields(features):
            mine, theirs = (getattr(each, field.name) for each in (features, others))
            if field.name == "first_positions":
                assert mine is theirs is None
                continue
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)


def test_a_kept_task_is_the_task(source, tokenised):
    fresh = tokenised_task(with_sources(source, cache=None))
    tokenised.clear()
    for _ in range(3):
        assert_same(tokenised_task(source), fresh)
    assert sorted(tokenised) == sorted(ROWS.values())  # once
    assert {s: len(labels) for s, labels in fresh.labels.items()} == {
        "dev": ROWS["dev"],
        "test": ROWS["test"],
    }
    assert fresh.data.train.input_ids.dtype == np.uint16
    assert fresh.data.train.segment_ids.dtype == np.uint8


def test_ids_are_those_of_the_text(source):
    """Back through the vocabulary, the pieces of the first line of the file."""
    task = tokenised_task(source)
    text = read_examples(source.sources.glue_dir, source.task, "train").text_a[0]
    ids = task.data.train.input_ids[0, : task.data.train.lengths[0]]
    pieces = [PIECES[i] for i in task.data.vocabulary[ids]]
    assert pieces == ["[CLS]", *text.split(), "[SEP]"]


def test_what_has_no_labels_is_kept_for_prediction(source):
    without = with_sources(source, test_labels=None, test_predictions=True)
    for _ in range(2):
        task = tokenised_task(without)
        assert set(task.data.evaluated) == {"dev", "test"}
        assert set(task.labels) == {"dev"}


def a_longer_task(source):
    return replace(source, max_seq_length=33)


def other_pieces(source):
    other = Tokenizer([*PIECES, "more"])
    return replace(source, tokenizer=other)


def another_case(source):
    other = Tokenizer(PIECES, lower_case=False)
    return replace(source, tokenizer=other)


def no_test_labels(source):
    return with_sources(source, test_labels=None)


def all_predictions(source):
    return with_sources(source, test_predictions=True)


def another_task(source):
    return replace(source, task=TASKS["RTE"])


def changed(split):
    def change(source):
        path = split_path(source.sources.glue_dir, source.task, split)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]))
        return source

    return change


def changed_test_labels(source):
    path = source.sources.test_labels / "SST-2.tsv"
    head, first, *rest = path.read_text().splitlines(keepends=True)
    other = first.replace("\t1", "\t0") if "\t1" in first else "0\t1\n"
    path.write_text("".join([head, other, *rest]))
    return source


@pytest.mark.parametrize(
    "change",
    [
        a_longer_task,
        other_pieces,
        another_case,
        no_test_labels,
        all_predictions,
        another_task,
        changed("train"),
        changed("dev"),
        changed("test"),
        changed_test_labels,
    ],
)
def test_whatever_can_change_a_task_makes_another(source, change):
    before = source.description()
    assert source.description() == before
    assert change(source).description() != before


def test_another_format_makes_another(source, monkeypatch):
    before = source.description()
    monkeypatch.setattr(task_cache, "FORMAT", task_cache.FORMAT + 1)
    assert source.description() != before


def test_ax_belongs_to_mnli(source):
    ax = split_path(source.sources.glue_dir, TASKS["AX"], "test")
    ax.parent.mkdir()
    ax.write_text("0\ta\tb\n")
    mnli = replace(source, task=TASKS["MNLI"])
    assert set(mnli.description()["files"]) == {"AX/test"}
    assert "AX/test" not in source.description()["files"]


def test_where_the_files_are_does_not_matter(source, tmp_path):
    before = source.description()
    for part in ("glue", "test_labels"):
        (tmp_path / part).rename(tmp_path / f"other_{part}")
    moved = with_sources(
        source,
        glue_dir=tmp_path / "other_glue",
        test_labels=tmp_path / "other_test_labels",
        cache=None,
    )
    assert moved.description() == before


def test_many_pieces_need_wider_ids(source, monkeypatch):
    """Ids that sixteen bits do not hold are kept in more."""

    def as_if_many(data):
        return replace(data, vocabulary=np.arange((1 << 16) + 1, dtype=np.int32))

    monkeypatch.setattr(task_cache, "only_occurring_pieces", as_if_many)
    task = tokenised_task(with_sources(source, cache=None))
    assert task.data.train.input_ids.dtype == np.int32


def test_trials_do_not_know_where_their_task_came_from(source):
    """The same losses and predictions, to the bit, made, kept and read again."""
    trial = Trial("checkpoint", "SST-2", "data", 16, 1e-3, seed=1, epochs=1)
    results = []
    for sources in (with_sources(source, cache=None), source, source):
        trials.task_data.cache_clear()  # as in another worker
        stack = Stack(sources.sources, "SST-2", (trial,))
        (result,) = run_stack(stack, lambda said: None)
        results.append(result)
    for other in results[1:]:
        assert other.losses == results[0].losses
        assert other.scores == results[0].scores
        assert other.predictions.keys() == results[0].predictions.keys()
        for split, logits in results[0].predictions.items():
            np.testing.assert_array_equal(other.predictions[split], logits)
