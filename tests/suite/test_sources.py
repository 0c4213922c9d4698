"""What a sweep is made of: tasks that may be run, entries, labels, descriptions."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reference.checkpoint import Layout
from reference.configuration import BertConfig
from reference.conversion import convert
from reference.errors import InputError
from suite import glue_files
from suite.sources import (
    Glue,
    check_checkpoint,
    check_encoder,
    describe_checkpoint,
    entries,
    scored_labels,
)
from suite.tsv import read_rows
from tests.reference.random_bert import random_weights, write_ours
from tests.suite.miniature import ROWS, Miniature


def checkpoint(**changes) -> SimpleNamespace:
    usual = {"name": "BERT-Tiny", "masking": None, "sha256": "a" * 64}
    usual |= {"description": {}, "directory": Path("nowhere/uncased_L-2")}
    return SimpleNamespace(**(usual | changes))


def test_a_task_with_a_partial_train_split_is_skipped_with_its_reason(shared):
    glue = Glue(shared / "data/glue", None, ("MNLI", "QNLI", "QQP", "RTE"))
    skipped = glue.skipped
    assert set(skipped) == {"MNLI", "QNLI", "QQP"}
    assert skipped["QNLI"] == (
        "QNLI: only train_partial.tsv is there, 10,475 rows of the official 104,743"
    )
    assert [task.name for task in glue.runnable()] == ["RTE"]


def test_a_part_is_run_where_that_is_asked_and_dev_is_there(shared):
    """Of QQP's dev split there is a part, too, and neither is GLUE's."""
    tasks = ("MNLI", "QQP", "RTE")
    glue = Glue(shared / "data/glue", None, tasks, partial_train=True)
    assert [task.name for task in glue.runnable()] == ["MNLI", "QQP", "RTE"]
    assert (set(glue.partial), glue.skipped) == ({"QQP", "MNLI"}, {})
    assert glue.partial["QQP"].endswith(
        "; a stand-in: 50% of them are of label 0, of GLUE's 63%"
    )


def test_a_part_without_a_dev_split_is_left_out(tmp_path, miniature):
    copied = shutil.copytree(miniature.glue.directory, tmp_path / "glue")
    folder = copied / "RTE"
    (folder / "train.tsv").rename(folder / "train_partial.tsv")
    glue = Glue(copied, None, ("RTE",), partial_train=True)
    assert set(glue.partial) == {"RTE"}
    (folder / "dev.tsv").unlink()
    glue = Glue(copied, None, ("RTE",), partial_train=True)
    assert (set(glue.skipped), glue.partial) == ({"RTE"}, {})


def test_what_is_predicted_without_labels_makes_no_other_trial(miniature):
    plain, asked = (
        replace(miniature.glue, test_labels=None, test_predictions=asked)
        for asked in (False, True)
    )
    for one, other in zip(
        entries([miniature.checkpoint], plain),
        entries([miniature.checkpoint], asked),
        strict=True,
    ):
        assert one.data_sha256 == other.data_sha256
        assert (one.sources.test_predictions, other.sources.test_predictions) == (
            False,
            True,
        )
    assert set(scored_labels(asked)) == {"SST-2/dev", "RTE/dev"}


def test_nothing_to_run_is_refused_with_every_reason(shared):
    glue = Glue(shared / "data/glue", None, ("MNLI", "QQP"))
    with pytest.raises(InputError, match="none of MNLI, QQP can be run") as refused:
        glue.runnable()
    assert all(reason in str(refused.value) for reason in glue.skipped.values())


def test_only_sample_tasks_may_be_small(miniature):
    with pytest.raises(InputError, match="48 rows of the official 67,349"):
        replace(miniature.glue, sample=False).runnable()


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("SST-2/train.tsv", 3, "'2'"),
        ("SST-2/dev.tsv", 4, "'positive'"),
        ("RTE/dev.tsv", 2, "'yes'"),
    ],
)
def test_a_check_reads_every_split_and_names_the_line(tmp_path, file, line, found):
    small = Miniature(tmp_path).write()
    small.glue.check()
    path = small.glue.directory / file
    rows = path.read_text().splitlines()
    *cells, _ = rows[line - 1].split("\t")
    rows[line - 1] = "\t".join([*cells, found.strip("'")])
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(InputError, match=rf"{file}, line {line}: .* found {found}"):
        small.glue.check()


def tunable(parts: tuple[str, ...], positions: int) -> SimpleNamespace:
    config = BertConfig(max_position_embeddings=positions)
    return checkpoint(directory="mine", config=config, parts=parts)


def test_a_checkpoint_must_have_a_pooler_and_enough_positions():
    whole, headless = ("encoder", "pooler"), ("encoder", "masked_lm")
    check_checkpoint(tunable(whole, 128), 128)
    with pytest.raises(InputError, match=r"^mine: .*at most 127 tokens, .*found 128"):
        check_checkpoint(tunable(whole, 127), 128)
    with pytest.raises(InputError, match=r"^mine: .*pooler, .*found encoder, masked"):
        check_checkpoint(tunable(headless, 128), 128)


def test_a_checkpoint_must_not_have_been_fine_tuned():
    """Else every trial would go on training the classifier that it finds."""
    tuned = tunable(("encoder", "pooler", "classifier"), 128)
    with pytest.raises(InputError, match=r"^mine: .*found one with a classifier; take"):
        check_checkpoint(tuned, 128)
    check_encoder(tuned, 128)


def test_what_is_exported_with_the_masked_lm_head_alone_is_refused(tmp_path):
    """As `transformers` saves a BertForMaskedLM."""
    ours = write_ours(tmp_path / "ours", random_weights(("encoder", "masked_lm")))
    exported = convert(ours, tmp_path / "exported", Layout.HUGGINGFACE)
    with pytest.raises(InputError, match=r"exported: .* take one that was saved with"):
        check_checkpoint(exported, exported.config.max_position_embeddings)


def test_an_entry_for_every_checkpoint_and_task(miniature):
    one = miniature.checkpoint
    found = entries([one, one], miniature.glue)
    assert [entry.task.name for entry in found] == ["SST-2", "SST-2", "RTE", "RTE"]
    assert {entry.checkpoint_sha256 for entry in found} == {one.sha256}
    assert {entry.train_rows for entry in found} == {ROWS["train"]}
    assert all(entry.sources.glue_dir.is_absolute() for entry in found)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_other_data_make_another_entry(tmp_path, split):
    """One more space in one split: whoever trained on it ran other trials."""
    small = Miniature(tmp_path).write()
    before, other = entries([small.checkpoint], small.glue)
    path = small.glue.directory / "SST-2" / f"{split}.tsv"
    path.write_text(path.read_text().replace("good", "good ", 1))
    after, same = entries([small.checkpoint], small.glue)
    assert after.data_sha256 != before.data_sha256
    assert same.data_sha256 == other.data_sha256


def test_another_place_makes_no_other_entry(tmp_path):
    first, second = (Miniature(tmp_path / name).write() for name in "ab")
    assert [
        (entry.checkpoint_sha256, entry.data_sha256)
        for entry in entries([first.checkpoint], first.glue)
    ] == [
        (entry.checkpoint_sha256, entry.data_sha256)
        for entry in entries([second.checkpoint], second.glue)
    ]


def test_every_file_is_read_once(miniature, monkeypatch):
    read = []

    def counted(path, columns):
        read.append(path)
        return read_rows(path, columns)

    monkeypatch.setattr(glue_files, "read_rows", counted)
    glue = miniature.glue
    glue.check()
    entries([miniature.checkpoint, miniature.checkpoint], glue)
    scored_labels(glue)
    # Three splits of either task, and the test labels of one.
    assert len(read) == len(set(read)) == 2 * 3 + 1


def test_labels_of_every_scored_split(miniature):
    labels = scored_labels(miniature.glue)
    assert set(labels) == {"SST-2/dev", "SST-2/test", "RTE/dev"}
    assert all(len(values) == 24 for values in labels.values())
    assert all(values.dtype == np.int32 for values in labels.values())


def test_a_released_checkpoint_is_described_by_its_directory():
    described = describe_checkpoint(checkpoint())
    assert described["published_as"] == "BERT-Tiny"
    assert described["description"] == "uncased_L-2"
    assert described["origin"] == {"kind": "shape"}


def test_a_whole_word_checkpoint_was_never_published_at_these_sizes():
    described = describe_checkpoint(checkpoint(masking="whole-word"))
    assert described["published_as"] is None


def test_a_checkpoint_made_here_says_how():
    made = {
        "corpus": ["a.txt", "b.txt"],
        "settings": {"num_train_steps": 2400, "batch_size": 32, "seed": 7},
        "held_out": {"masked_lm_accuracy": 0.2345, "next_sentence_accuracy": 0.5678},
    }
    described = describe_checkpoint(checkpoint(masking="wordpiece", description=made))
    assert described["description"] == (
        "pre-trained here on a.txt, b.txt: 2,400 steps of 32; held-out masked-LM "
        "accuracy 0.234, next-sentence accuracy 0.568"
    )
    assert described["pretraining"] == made
    assert described["origin"] == {"kind": "pre-trained here"}
    assert described["seed"] == 7


@pytest.mark.parametrize("lacking", ["corpus", "settings", "held_out"])
def test_one_that_says_but_a_part_of_how_it_was_made_is_called_by_its_name(lacking):
    made = {"corpus": ["a.txt"], "settings": {"seed": 7}, "held_out": {}}
    del made[lacking]
    described = describe_checkpoint(checkpoint(description=made))
    assert described["description"] == "uncased_L-2"


def test_of_many_texts_the_first_and_the_last_are_named():
    made = {
        "corpus": [f"{number}.txt" for number in range(10)],
        "settings": {"num_train_steps": 10, "batch_size": 32},
        "held_out": {"masked_lm_accuracy": 0.2, "next_sentence_accuracy": 0.5},
        "phases": [[9, 32, "a digest"], [1, 16, "another"]],
    }
    described = describe_checkpoint(checkpoint(description=made))
    assert (
        "(10 files): 9 steps of 32, then 1 step of 16; held-out"
        in (described["description"])
    )
    made["max_seq_lengths"] = [128, 512]
    assert (
        "9 steps of 32 sequences of 128, then 1 step of 16 sequences of 512; held-out"
        in describe_checkpoint(checkpoint(description=made))["description"]
    )
    assert "pre-trained here on 0.txt … 9.txt (10 files): " in described["description"]
