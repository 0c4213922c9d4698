"""Every known way to break a copy of GLUE is named, and a sound copy has no fault."""

import csv
from pathlib import Path

import pytest

from suite.doctor.finding import Level
from suite.doctor.glue import examine_glue
from suite.doctor.states import State
from tests.suite.doctor.damage import (
    Damage,
    exchanged,
    in_its_place,
    joined_mrpc,
    named,
    recelled,
    relabelled,
    relined,
    removed,
    renamed,
    replaced,
    rewritten,
    shuffled,
    written_as_csv,
)
from tests.suite.doctor.glue_sized import SMALL


@pytest.mark.parametrize("task", SMALL)
def test_a_sound_copy_has_no_fault(glue, task):
    copy = glue(task)
    assert named(copy) == set()
    states = {report.task: report.state for report in examine_glue(copy)}
    assert states.pop(task) == State.COMPLETE
    assert set(states.values()) == {State.MISSING}


def relabelled_row(row: bytes) -> bytes:
    """A last label of 0 or 1 made the other."""
    return row[:-2] + (b"0\n" if row.endswith(b"1\n") else b"1\n")


RTE_NUMBERS = {"entailment": "0", "not_entailment": "1"}
MRPC_SWAP = {"0": "1", "1": "0"}
# Tasks that are copied, what is done to them, and the faults that must be named: all of
# them, and no other.
DAMAGES: dict[str, tuple[str, Damage, set[tuple[str, str]]]] = {
    "MRPC without dev ids": (
        "MRPC",
        joined_mrpc,
        {
            ("MRPC's dev ids missing", "MRPC/train.tsv"),
            ("file missing", "MRPC/dev.tsv"),
        },
    ),
    "a row of MRPC lost": (
        "MRPC",
        relined(lambda rows: rows[:2000] + rows[2001:], "MRPC/train.tsv"),
        {("one row lost", "MRPC/train.tsv")},
    ),
    "QQP and STS-B exchanged": (
        "QQP STS-B",
        exchanged("QQP", "STS-B"),
        {
            ("tasks exchanged", "QQP"),
            ("tasks exchanged", "STS-B"),
            ("another task's file", "QQP/train.tsv"),
            ("another task's file", "QQP/dev.tsv"),
            ("another task's file", "QQP/test.tsv"),
            ("another task's file", "STS-B/train_partial.tsv"),
            ("another task's file", "STS-B/dev_partial.tsv"),
        },
    ),
    "Windows line ends": (
        "RTE",
        rewritten(lambda raw: raw.replace(b"\n", b"\r\n"), "RTE/dev.tsv"),
        {("Windows line ends", "RTE/dev.tsv")},
    ),
    "a byte-order mark": (
        "RTE",
        rewritten(lambda raw: b"\xef\xbb\xbf" + raw, "RTE/train.tsv"),
        {("byte-order mark", "RTE/train.tsv")},
    ),
    "quoted where a quote is": (
        "RTE",
        written_as_csv(csv.QUOTE_MINIMAL, "RTE/train.tsv"),
        {("CSV quoting", "RTE/train.tsv")},
    ),
    "quotes taken out": (
        "RTE",
        rewritten(lambda raw: raw.replace(b'"', b""), "RTE/test.tsv"),
        {("quotes taken out", "RTE/test.tsv")},
    ),
    "comma-separated": (
        "RTE",
        rewritten(lambda raw: raw.replace(b"\t", b","), "RTE/test.tsv"),
        {("comma-separated", "RTE/test.tsv")},
    ),
    "cut within a line": (
        "RTE",
        rewritten(lambda raw: raw[: len(raw) // 2 - 7], "RTE/test.tsv"),
        {("truncated file", "RTE/test.tsv")},
    ),
    "cut within the last line": (
        "MRPC",
        rewritten(lambda raw: raw[: raw.rindex(b"\t")] + b"\n", "MRPC/dev.tsv"),
        {("truncated file", "MRPC/dev.tsv")},
    ),
    "cut after a line": (
        "CoLA",
        relined(lambda rows: rows[:5000], "CoLA/train.tsv"),
        {("rows missing", "CoLA/train.tsv")},
    ),
    "empty": (
        "CoLA",
        rewritten(lambda raw: b"", "CoLA/dev.tsv"),
        {("empty file", "CoLA/dev.tsv")},
    ),
    "empty, of a task whose files have a header": (
        "RTE",
        rewritten(lambda raw: b"", "RTE/train.tsv"),
        {("empty file", "RTE/train.tsv")},
    ),
    "class numbers": (
        "RTE",
        relabelled(RTE_NUMBERS, "RTE/dev.tsv"),
        {("class numbers for labels", "RTE/dev.tsv")},
    ),
    "labels exchanged": (
        "MRPC",
        relabelled(MRPC_SWAP, "MRPC/train.tsv", 0),
        {("labels exchanged", "MRPC/train.tsv")},
    ),
    "a label changed": (
        "WNLI",
        relined(lambda rows: [*rows[:-1], relabelled_row(rows[-1])], "WNLI/dev.tsv"),
        {("labels changed", "WNLI/dev.tsv")},
    ),
    "an unknown label": (
        "RTE",
        relined(lambda rows: [*rows[:-1], b"276\ta\tb\tmaybe\n"], "RTE/dev.tsv"),
        {("unknown labels", "RTE/dev.tsv")},
    ),
    "hidden labels": (
        "WNLI",
        relabelled({"0": "-1", "1": "-1"}, "WNLI/dev.tsv"),
        {("labels hidden", "WNLI/dev.tsv")},
    ),
    "scores divided": (
        "STS-B",
        recelled(
            lambda cells: [*cells[:-1], f"{float(cells[-1]) / 5}"], "STS-B/dev.tsv"
        ),
        {("scores divided by 5", "STS-B/dev.tsv")},
    ),
    "a score out of range": (
        "STS-B",
        relabelled({"5.000": "6.000"}, "STS-B/train.tsv"),
        {("unknown labels", "STS-B/train.tsv")},
    ),
    "labels in test": (
        "WNLI",
        rewritten(
            lambda raw: raw.replace(b"\n", b"\tlabel\n", 1).replace(b".\n", b".\t0\n"),
            "WNLI/test.tsv",
        ),
        {("test labels present", "WNLI/test.tsv")},
    ),
    "the labelled test of MRPC": (
        "MRPC",
        rewritten(lambda raw: raw.replace(b"index", b"Quality", 1), "MRPC/test.tsv"),
        {("test labels present", "MRPC/test.tsv")},
    ),
    "test as dev": (
        "RTE",
        replaced("RTE/dev.tsv", "RTE/test.tsv"),
        {("labels missing", "RTE/dev.tsv")},
    ),
    "train as dev": (
        "RTE",
        replaced("RTE/dev.tsv", "RTE/train.tsv"),
        {
            ("another split's file", "RTE/dev.tsv"),
            ("rows in two splits", "RTE/dev.tsv"),
        },
    ),
    "a dev split from train": (
        "STS-B",
        replaced("STS-B/dev.tsv", "STS-B/train.tsv", slice(4000, 5500)),
        {("rows in two splits", "STS-B/dev.tsv")},
    ),
    "RTE and WNLI exchanged": (
        "RTE WNLI",
        exchanged("RTE/dev.tsv", "WNLI/dev.tsv"),
        {
            ("another task's file", "RTE/dev.tsv"),
            ("another split's file", "RTE/dev.tsv"),
            ("another task's file", "WNLI/dev.tsv"),
            ("another split's file", "WNLI/dev.tsv"),
        },
    ),
    "no header": (
        "RTE",
        relined(lambda rows: rows[1:], "RTE/train.tsv"),
        {("header missing", "RTE/train.tsv")},
    ),
    "a header in CoLA": (
        "CoLA",
        rewritten(lambda raw: b"source\tlabel\tstar\ttext\n" + raw, "CoLA/dev.tsv"),
        {("header where none belongs", "CoLA/dev.tsv")},
    ),
    "Latin-1": (
        "RTE",
        rewritten(
            lambda raw: raw.replace("é".encode(), b"\xe9").replace(b" a ", b" \xe0 "),
            "RTE/train.tsv",
        ),
        {("not UTF-8", "RTE/train.tsv")},
    ),
    "UTF-16": (
        "WNLI",
        rewritten(lambda raw: raw.decode().encode("utf-16"), "WNLI/train.tsv"),
        {("not UTF-8", "WNLI/train.tsv")},
    ),
    "old Mac line ends": (
        "WNLI",
        rewritten(lambda raw: raw.replace(b"\n", b"\r"), "WNLI/train.tsv"),
        {("carriage returns", "WNLI/train.tsv")},
    ),
    "zero bytes": (
        "RTE",
        rewritten(lambda raw: raw.replace(b" ", b"\0", 9), "RTE/train.tsv"),
        {("zero bytes", "RTE/train.tsv")},
    ),
    "a directory in its place": (
        "RTE",
        in_its_place(Path.mkdir, "RTE/dev.tsv"),
        {("file missing", "RTE/dev.tsv")},
    ),
    "a blank line": (
        "WNLI",
        rewritten(lambda raw: raw + b"\n", "WNLI/train.tsv"),
        {("blank lines", "WNLI/train.tsv")},
    ),
    "a row torn in two": (
        "RTE",
        relined(
            lambda rows: [*rows[:9], rows[9].replace(b"\t", b"\n", 1), *rows[10:]],
            "RTE/test.tsv",
        ),
        {("torn rows", "RTE/test.tsv")},
    ),
    "twice the same": (
        "WNLI",
        relined(lambda rows: rows + rows[1:], "WNLI/dev.tsv"),
        {("rows too many", "WNLI/dev.tsv")},
    ),
    "a part again and again": (
        "STS-B",
        relined(lambda rows: [*rows[:1001], *rows[1:501]], "STS-B/dev.tsv"),
        {("rows repeated", "STS-B/dev.tsv")},
    ),
    "test in another order": (
        "STS-B",
        relined(shuffled, "STS-B/test.tsv"),
        {("rows in another order", "STS-B/test.tsv")},
    ),
    "dev missing": ("RTE", removed("RTE/dev.tsv"), {("file missing", "RTE/dev.tsv")}),
    "dev under another name": (
        "RTE",
        renamed("RTE/dev.tsv", "RTE/validation.tsv"),
        {("file missing", "RTE/dev.tsv")},
    ),
}


@pytest.mark.parametrize(
    ("tasks", "damage", "faults"), DAMAGES.values(), ids=DAMAGES.keys()
)
def test_damage_is_named(glue, tasks, damage, faults):
    copy = glue(*tasks.split())
    damage(copy)
    assert named(copy) == faults


def test_what_stands_in_a_files_place_is_said(glue):
    copy = glue("RTE")
    in_its_place(Path.mkdir, "RTE/dev.tsv")(copy)
    in_its_place(lambda path: path.symlink_to("gone.tsv"), "RTE/train.tsv")(copy)
    (rte,) = (r for r in examine_glue(copy) if r.task == "RTE")
    found = {f.file.name: f.found for f in rte.findings if f.name == "file missing"}
    assert found["dev.tsv"] == "a directory"
    assert found["train.tsv"] == "a link to gone.tsv, which is not there"


def test_a_carriage_return_within_a_row_is_told(glue):
    copy = glue("WNLI")
    rewritten(lambda raw: raw.replace(b" ", b"\r", 1), "WNLI/dev.tsv")(copy)
    assert named(copy) == set()
    assert ("carriage returns", "WNLI/dev.tsv") in named(copy, Level.NOTE)
