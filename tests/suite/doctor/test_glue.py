"""Whole directories: what is there of each task, and what no single file shows."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from reference.errors import InputError
from suite.doctor.finding import Level
from suite.doctor.glue import examine_glue
from suite.doctor.labels import is_stand_in
from suite.doctor.splits import mrpc_findings
from suite.doctor.states import State
from suite.doctor.survey import Survey
from suite.doctor.text import SplitFile
from suite.stand_in import QQP_NEGATIVES
from suite.tasks import TASKS
from tests.suite.doctor import glue_sized
from tests.suite.doctor.damage import (
    copied,
    exchanged,
    lines,
    named,
    names,
    read_as_csv,
    relined,
    renamed,
    rewritten,
    written_as_csv,
)
from tests.suite.doctor.glue_sized import write_split


def test_everything_quoted(generated, tmp_path):
    copy = copied(generated, tmp_path, "WNLI")
    written_as_csv(csv.QUOTE_ALL, "WNLI/dev.tsv")(copy)
    assert ("CSV quoting", "WNLI/dev.tsv") in named(copy)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_first_version_of_qnli(tmp_path, split):
    rows = {"train": 108436, "dev": 5732, "test": 5740}[split]
    write_split(tmp_path, "QNLI", "dev", TASKS["QNLI"].rows["dev"])
    write_split(tmp_path, "QNLI", split, rows)
    if split != "train":
        write_split(tmp_path, "QNLI", "train", 300, "train_partial.tsv")
    assert named(tmp_path) == {("QNLI v1", f"QNLI/{split}.tsv")}


def test_matched_and_mismatched_exchanged(tmp_path):
    write_split(tmp_path, "MNLI", "train", 300, "train_partial.tsv")
    for split in ("dev", "dev_mismatched"):
        write_split(tmp_path, "MNLI", split, TASKS["MNLI"].rows[split])
    assert named(tmp_path) == set()
    exchanged("MNLI/dev_matched.tsv", "MNLI/dev_mismatched.tsv")(tmp_path)
    assert named(tmp_path) == {
        ("another split's file", "MNLI/dev_matched.tsv"),
        ("another split's file", "MNLI/dev_mismatched.tsv"),
    }


def test_torn_rows_of_the_first_qqp(tmp_path):
    """QQP.zip, which QQP-clean.zip replaced, has such lines of three columns."""
    part = "QQP/train_partial.tsv"
    write_split(tmp_path, "QQP", "train", 1000, "train_partial.tsv")
    write_split(tmp_path, "QQP", "dev", 1000, "dev_partial.tsv")
    tear = relined(lambda rows: [*rows, b'"\tWas it so?\t0\n', *rows[-9:]], part)
    tear(tmp_path)
    (report,) = (r for r in examine_glue(tmp_path) if r.task == "QQP")
    (finding,) = (f for f in report.findings if f.level == Level.FAULT)
    assert (finding.name, finding.line) == ("torn rows", 1002)
    assert "QQP-clean.zip" in finding.advice


@pytest.mark.parametrize(
    ("negatives", "state"), [(63, State.PARTIAL), (50, State.STAND_IN)]
)
def test_a_part_of_qqp_and_a_stand_in_are_told_apart(
    tmp_path, monkeypatch, negatives, state
):
    shares = {"0": negatives, "1": 100 - negatives}
    monkeypatch.setitem(glue_sized.LABELS, "QQP", shares)
    write_split(tmp_path, "QQP", "train", 10_000, "train_partial.tsv")
    write_split(tmp_path, "QQP", "dev", 10_000, "dev_partial.tsv")
    (report,) = (r for r in examine_glue(tmp_path) if r.task == "QQP")
    assert report.state == state
    assert named(tmp_path) == set()
    assert {name for name, _ in named(tmp_path, Level.NOTE)} == {
        "stand-in" if state == State.STAND_IN else "partial split",
        "file missing",
    }


def test_random_parts_of_qqp_are_no_stand_ins():
    """Parts of 100 to 10,000 rows, drawn with seeds 0 to 99."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(100, 10_000))
        negatives = int(rng.binomial(rows, QQP_NEGATIVES))
        counts = Counter({"0": negatives, "1": rows - negatives})
        found = Survey(Path("train.tsv"), TASKS["QQP"].labelled, rows=rows)
        found.labels = counts
        assert not is_stand_in(SplitFile(TASKS["QQP"], "train", found))


def test_a_part_that_is_not_named_so_is_a_fault(generated, tmp_path):
    copy = copied(generated, tmp_path, "RTE")
    relined(lambda rows: rows[:1000], "RTE/train.tsv")(copy)
    assert named(copy) == {("rows missing", "RTE/train.tsv")}
    renamed("RTE/train.tsv", "RTE/train_partial.tsv")(copy)
    assert named(copy) == set()
    assert named(copy, Level.NOTE) == {("partial split", "RTE/train_partial.tsv")}


def test_the_line_of_a_lost_row_is_said_where_rows_are_counted(generated, tmp_path):
    copy = copied(generated, tmp_path, "RTE")
    relined(lambda rows: rows[:1999] + rows[2000:], "RTE/train.tsv")(copy)
    (report,) = (r for r in examine_glue(copy) if r.task == "RTE")
    (finding,) = report.findings
    assert (finding.name, finding.line) == ("one row lost", 2000)


@pytest.mark.parametrize("name", ["rte", "RTE.zip", "R-T-E"])
def test_a_folder_under_another_name(generated, tmp_path, name):
    copied(generated, tmp_path, "CoLA")
    if name.endswith("zip"):
        (tmp_path / name).touch()
    else:
        (tmp_path / name).mkdir()
    assert named(tmp_path, Level.NOTE) == {("folder named otherwise", name)}


def test_the_diagnostic_set_as_it_is_fetched(generated, tmp_path):
    copied(generated, tmp_path, "CoLA")
    (tmp_path / "AX.tsv").touch()
    (report,) = (r for r in examine_glue(tmp_path) if r.task == "AX")
    (finding,) = report.findings
    assert finding.advice == f"make it {tmp_path / 'AX/diagnostic.tsv'}"
    (tmp_path / "AX").mkdir()
    (tmp_path / "AX.tsv").rename(tmp_path / "AX/AX.tsv")
    (report,) = (r for r in examine_glue(tmp_path) if r.task == "AX")
    assert [(f.level, f.found) for f in report.findings] == [(Level.FAULT, "AX.tsv")]


@pytest.mark.parametrize("instead", ["RTE/dev.csv", "RTE/validation.parquet"])
def test_a_file_of_another_form_is_shown(generated, tmp_path, instead):
    copy = copied(generated, tmp_path, "RTE")
    renamed("RTE/dev.tsv", instead)(copy)
    (report,) = (r for r in examine_glue(copy) if r.task == "RTE")
    (finding,) = report.findings
    assert finding.found == Path(instead).name


def test_mrpc_is_held_against_its_dev_ids(tmp_path):
    """Copies differ in the order of the two ids."""
    header = b"Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    (tmp_path / "train.tsv").write_bytes(header + b"1\t5\t6\ta\tb\n")
    (tmp_path / "dev.tsv").write_bytes(header + b"1\t1\t2\ta\tb\n0\t3\t4\ta\tb\n")
    ids = tmp_path / "dev_ids.tsv"
    assert list(mrpc_findings(tmp_path)) == []
    ids.write_bytes(b"1\t2\n4\t3\n")
    assert list(mrpc_findings(tmp_path)) == []
    ids.write_bytes(b"1\t2\n6\t5\n")
    assert {finding.name for finding in mrpc_findings(tmp_path)} == {
        "dev rows in train",
        "another dev split",
    }


def test_it_must_be_a_glue_directory(tmp_path):
    (tmp_path / "train.tsv").touch()
    with pytest.raises(InputError, match="expected GLUE's folders"):
        examine_glue(tmp_path)


def test_progress_ends_at_the_size_of_the_files(generated, tmp_path):
    copy, told = copied(generated, tmp_path, "RTE", "MRPC"), []
    examine_glue(copy, lambda done, total: told.append((done, total)))
    size = sum(path.stat().st_size for path in copy.rglob("*.tsv"))
    assert told[-1] == (size, size)
    assert told == sorted(told)


# GLUE itself


@pytest.fixture(scope="module")
def of_shared(shared):
    return examine_glue(shared / "data/glue")


def test_the_shared_copy(of_shared):
    """What README.md there says of it: complete, partial, a stand-in."""
    reports = {report.task: report for report in of_shared}
    assert {task: str(report.state) for task, report in reports.items()} == {
        "CoLA": "complete",
        "SST-2": "complete",
        "MRPC": "complete",
        "STS-B": "complete",
        "QQP": "stand-in",
        "MNLI": "partial",
        "QNLI": "partial",
        "RTE": "complete",
        "WNLI": "complete",
        "AX": "complete",
    }
    rows = {
        (task, split.split): (split.rows, split.state)
        for task, report in reports.items()
        for split in report.splits
        if split.state != State.COMPLETE
    }
    assert rows == {
        ("QQP", "train"): (9928, State.STAND_IN),
        ("QQP", "dev"): (9917, State.STAND_IN),
        ("QQP", "test"): (None, State.MISSING),
        ("MNLI", "train"): (74498, State.PARTIAL),
        ("MNLI", "test"): (None, State.MISSING),
        ("MNLI", "test_mismatched"): (None, State.MISSING),
        ("QNLI", "train"): (10475, State.PARTIAL),
    }


def test_the_shared_copy_has_no_fault_and_few_rows_in_two_splits(shared, of_shared):
    glue_dir = shared / "data/glue"
    assert names(of_shared, glue_dir, Level.FAULT) == set()
    notes = names(of_shared, glue_dir, Level.NOTE)
    repeated = {file for name, file in notes if name == "rows in two splits"}
    assert repeated == {
        *("CoLA/dev.tsv", "CoLA/test.tsv", "STS-B/dev.tsv", "STS-B/test.tsv")
    }
    assert names(of_shared, glue_dir, Level.OK) == {
        ("SHA-256", "AX/diagnostic.tsv"),
        ("SHA-256", "MRPC/dev_ids.tsv"),
        ("SHA-256", "MRPC/msr_paraphrase_train.txt"),
        ("SHA-256", "MRPC/msr_paraphrase_test.txt"),
    }


@pytest.mark.parametrize(
    "name", ["MRPC/train.tsv", "MRPC/dev.tsv", "MRPC/test.tsv", "STS-B/train.tsv"]
)
def test_rows_that_a_csv_reader_loses(shared, tmp_path, name):
    copy = copied(shared / "data/glue", tmp_path, name.partition("/")[0])
    read_as_csv(name)(copy)
    assert ("rows lost to quotes", name) in named(copy)


def test_a_word_of_the_diagnostic_set_changed(shared, tmp_path):
    copy = copied(shared / "data/glue", tmp_path, "AX")
    rewritten(lambda raw: raw.replace(b"cat", b"dog", 1), "AX/diagnostic.tsv")(copy)
    assert named(copy) == {("SHA-256", "AX/diagnostic.tsv")}


def test_dev_rows_left_in_train(shared, tmp_path):
    copy = copied(shared / "data/glue", tmp_path, "MRPC")
    train = copy / "MRPC/train.tsv"
    train.write_bytes(train.read_bytes() + b"".join(lines(copy / "MRPC/dev.tsv")[1:]))
    assert {name for name, _ in named(copy)} == {
        "MRPC's dev ids missing",
        "dev rows in train",
        "rows in two splits",
    }
