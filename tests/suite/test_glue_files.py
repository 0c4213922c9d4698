"""GLUE's own files are read, and what is wrong with a file is said."""

from pathlib import Path

import numpy as np
import pytest

from reference.errors import InputError
from suite.glue_files import read_examples, split_path, task_files, train_problem
from suite.tasks import TASKS, completeness


def write(root: Path, task: str, split: str, text: str) -> None:
    path = split_path(root, TASKS[task], split)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("task", "split", "name"),
    [
        ("MNLI", "dev", "MNLI/dev_matched.tsv"),
        ("MNLI", "test_mismatched", "MNLI/test_mismatched.tsv"),
        ("MNLI", "train", "MNLI/train.tsv"),
        ("AX", "test", "AX/diagnostic.tsv"),
        ("RTE", "test", "RTE/test.tsv"),
    ],
)
def test_file_names(tmp_path, task, split, name):
    assert split_path(tmp_path, TASKS[task], split) == tmp_path / name


def test_the_files_of_a_task_are_those_that_are_there(tmp_path):
    for split in ("train", "dev_mismatched", "test_mismatched"):
        write(tmp_path, "MNLI", split, "")
    write(tmp_path, "MRPC", "dev", "")
    labels = tmp_path / "labels"
    labels.mkdir()
    for name in ("MNLI-mm", "MNLI", "MRPC"):
        (labels / f"{name}.tsv").touch()
    assert task_files(tmp_path, TASKS["MNLI"]) == {
        "train": tmp_path / "MNLI/train.tsv",
        "dev_mismatched": tmp_path / "MNLI/dev_mismatched.tsv",
        "test_mismatched": tmp_path / "MNLI/test_mismatched.tsv",
    }
    found = task_files(tmp_path, TASKS["MNLI"], labels)
    assert found["labels of test_mismatched"] == labels / "MNLI-mm.tsv"
    assert len(found) == 4
    assert task_files(tmp_path, TASKS["MRPC"], labels) == {
        "dev": tmp_path / "MRPC/dev.tsv",
        "labels of test": labels / "MRPC.tsv",
    }


def test_an_unknown_split_is_named(tmp_path):
    with pytest.raises(InputError, match="AX has no split 'dev'"):
        read_examples(tmp_path, TASKS["AX"], "dev")


# First dev example and label as they stand in GLUE's files.
FIRST_DEV = {
    "CoLA": ("The sailors rode the breeze clear of the rocks.", None, 1),
    "SST-2": ("it 's a charming and often affecting journey . ", None, 1),
    "MRPC": ("He said the foodservice pie business doesn 't", '" The foodservice', 1),
    "STS-B": ("A man with a hard hat is dancing.", "A man wearing a hard hat", 5.0),
    "MNLI": ("The new rights are nice enough", "Everyone really likes the", 2),
    "QNLI": ("What came into force after the new", "As of that day, the new", 0),
    "RTE": ("Dana Reeve, the widow of the actor", "Christopher Reeve had an", 1),
    "WNLI": ("The drain is clogged with hair.", "The hair has to be", 0),
}


@pytest.mark.parametrize("name", FIRST_DEV)
def test_real_dev_splits(shared, name):
    examples = read_examples(shared / "data/glue", TASKS[name], "dev")
    text_a, text_b, label = FIRST_DEV[name]
    assert completeness(TASKS[name], "dev", len(examples)) == "complete"
    assert examples.text_a[0].startswith(text_a)
    assert (examples.text_b is None) == (text_b is None)
    if text_b:
        assert examples.text_b[0].startswith(text_b)
    assert examples.labels[0] == label
    regression = TASKS[name].is_regression
    assert examples.labels.dtype == (np.float32 if regression else np.int32)


@pytest.mark.parametrize("name", ["SST-2", "MRPC", "STS-B"])
def test_public_test_labels(shared, name):
    data = shared / "data"
    task = TASKS[name]
    bare = read_examples(data / "glue", task, "test")
    labelled = read_examples(data / "glue", task, "test", data / "glue_test_labels")
    assert bare.labels is None
    assert len(labelled.labels) == len(bare) == task.rows["test"]
    assert labelled.sha256 != bare.sha256


def test_a_test_split_may_have_no_public_labels(shared):
    data = shared / "data"
    task = TASKS["RTE"]
    examples = read_examples(data / "glue", task, "test", data / "glue_test_labels")
    assert examples.labels is None


def test_the_majority_class_of_mrpc_test(shared):
    """F1 79.9, accuracy 66.5: the labels are in the order of the test file."""
    data = shared / "data"
    labels = read_examples(
        data / "glue", TASKS["MRPC"], "test", data / "glue_test_labels"
    ).labels
    assert round(100 * labels.mean(), 1) == 66.5


def test_partial_train_splits_are_a_reason_not_to_train(shared):
    glue = shared / "data/glue"
    assert train_problem(glue, TASKS["RTE"]) is None
    assert "only train_partial.tsv is there, 74,498" in train_problem(glue, TASKS["AX"])


def test_a_part_of_a_train_split_is_read_where_there_is_no_other(tmp_path):
    task, header = TASKS["WNLI"], "index\ts1\ts2\tlabel\n"
    path = tmp_path / "WNLI/train_partial.tsv"
    write(tmp_path, "WNLI", "train", header + "0\ta\tb\t1\n")
    path.write_text(header + "0\tc\td\t0\n")
    assert read_examples(tmp_path, task, "train").text_a == ["a"]
    split_path(tmp_path, task, "train").unlink()
    assert split_path(tmp_path, task, "train") == path
    assert read_examples(tmp_path, task, "train").text_a == ["c"]
    assert "only train_partial.tsv is there, 1 rows" in train_problem(tmp_path, task)


def test_a_short_train_split_is_a_reason_not_to_train(tmp_path):
    assert "no train.tsv" in train_problem(tmp_path, TASKS["WNLI"])
    row = "0\ta\tb\t1\n"
    write(tmp_path, "WNLI", "train", "index\ts1\ts2\tlabel\n" + 634 * row)
    assert "634 rows of the official 635" in train_problem(tmp_path, TASKS["WNLI"])
    assert train_problem(tmp_path, TASKS["WNLI"], sample=True) is None
    write(tmp_path, "WNLI", "train", "index\ts1\ts2\tlabel\n" + 635 * row)
    assert train_problem(tmp_path, TASKS["WNLI"]) is None


@pytest.mark.parametrize(
    ("task", "content", "said"),
    [
        ("RTE", "index\ts1\ts2\tlabel\n0\ta\tb\tmaybe\n", "line 2: expected a label"),
        ("CoLA", "index\tlabel\tx\tsentence\n", "line 1: expected a label of 0, 1"),
        ("STS-B", "a\tb\tscore\nx\ty\t5.1\n", "line 2: expected a score between"),
        ("STS-B", "a\tb\tscore\nx\ty\tnan\n", "line 2: expected a score between"),
        ("STS-B", "a\tb\tscore\nx\ty\t\n", "line 2: expected a score between"),
    ],
)
def test_a_malformed_label_is_named(tmp_path, task, content, said):
    write(tmp_path, task, "dev", content)
    with pytest.raises(InputError, match=said):
        read_examples(tmp_path, TASKS[task], "dev")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("index\tlabel\n0\t1\n", "expected 2 labels, .* found 1"),
        ("index\tlabel\n1\t1\n0\t0\n", "line 2: expected index 0, found '1'"),
        ("index\tlabel\n0\t1\n1\t2\n", "line 3: expected a label of 0, 1, found '2'"),
    ],
)
def test_malformed_test_labels_are_named(tmp_path, labels, said):
    write(tmp_path, "SST-2", "test", "index\tsentence\n0\ta\n1\tb\n")
    (tmp_path / "SST-2.tsv").write_text(labels)
    with pytest.raises(InputError, match=said):
        read_examples(tmp_path, TASKS["SST-2"], "test", tmp_path)


def test_a_missing_directory_of_test_labels_is_named(tmp_path):
    write(tmp_path, "SST-2", "test", "index\tsentence\n0\ta\n")
    with pytest.raises(InputError, match="expected a directory of test labels"):
        read_examples(tmp_path, TASKS["SST-2"], "test", tmp_path / "nowhere")


def test_the_hash_is_of_the_content(tmp_path):
    hashes = set()
    for text in ("a", "b", "a"):
        write(tmp_path, "SST-2", "dev", f"sentence\tlabel\n{text}\t1\n")
        hashes.add(read_examples(tmp_path, TASKS["SST-2"], "dev").sha256)
    assert len(hashes) == 2
