"""The command line as a user types it: how it refuses, and leaves all as it was."""

import json
import re

import pytest

from tests.suite.cli_place import listing, typed_in_a_shell

INSTANCES = ("instances", "--output", "out.tfrecord")
GOOD_INSTANCES = (*INSTANCES, "--input", "text.txt", "--vocab", "vocab.txt")
PRETRAIN = ("pretrain", "--num-train-steps", "2", "--output-dir", "made")
RECORDS = ("--input", "good.tfrecord", "--held-out", "good.tfrecord")
SWEEP = ("sweep", "--run-dir", "run", "--tasks", "RTE")
REPRODUCE = ("reproduce", "--tasks", "RTE", "--glue-dir")
OWN = ("--corpus", "text.txt", "--vocab", "vocab.txt")

BAD_INPUT = {
    "no text file": (
        (*INSTANCES, "--input", "none.txt", "--vocab", "vocab.txt"),
        r"none.txt, line 1: .*No such file",
    ),
    "empty corpus": (
        (*INSTANCES, "--input", "empty.txt", "--vocab", "vocab.txt"),
        r"empty.txt: expected text",
    ),
    "not UTF-8": (
        (*INSTANCES, "--input", "latin.txt", "--vocab", "vocab.txt"),
        r"latin.txt, line 2: expected UTF-8, found byte 0xe9",
    ),
    "no vocabulary": (
        (*INSTANCES, "--input", "text.txt", "--vocab", "none.txt"),
        r"none.txt: expected a vocabulary.*No such file",
    ),
    "vocabulary without [MASK]": (
        (*INSTANCES, "--input", "text.txt", "--vocab", "no_mask.txt"),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
    "short sequences": ((*GOOD_INSTANCES, "--max-seq-length", "3"), r"from 5 up"),
    "improbable": ((*GOOD_INSTANCES, "--short-seq-prob", "2"), r"from 0 to 1"),
    "same output": ((*GOOD_INSTANCES, "--output", "out.tfrecord"), r"named once"),
    "output that is the vocabulary": (
        (*GOOD_INSTANCES, "--output", "vocab.txt"),
        r"vocab.txt: expected an output that is not the vocabulary",
    ),
    "learning rate that is none": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--learning-rate", "nan"),
        r"learning_rate: expected a number above 0, found nan",
    ),
    "share of a second input that is not there": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--second-share", "0.5"),
        r"--second-share: expected with --second-input only, found without it",
    ),
    "no test labels": (
        (
            *(*SWEEP, "--checkpoint", "checkpoint"),
            *("--glue-dir", "glue", "--test-labels", "glue"),
        ),
        r"glue: expected public test labels as TASK.tsv, found none",
    ),
    "output in no directory": (
        (*INSTANCES[:1], *GOOD_INSTANCES[3:], "--output", "text.txt/out.tfrecord"),
        r"text.txt",
    ),
    "no records": (
        (*PRETRAIN, "--vocab", "vocab.txt", "--input", "none.tfrecord", *RECORDS),
        r"none.tfrecord: .*No such file",
    ),
    "damaged records": (
        (*PRETRAIN, "--vocab", "vocab.txt", "--input", "damaged.tfrecord", *RECORDS),
        r"damaged.tfrecord, byte 0: expected a record",
    ),
    "unknown model": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS, "--model", "BERT-Huge"),
        r"unknown model .*BERT-Huge.* known: BERT-Tiny",
    ),
    "records of something else": (
        (*PRETRAIN, "--vocab", "vocab.txt", *RECORDS),
        r"good.tfrecord: expected pre-training instances, found no input_mask",
    ),
    "vocabulary without [MASK], pre-training": (
        (*PRETRAIN, "--vocab", "no_mask.txt", *RECORDS),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
    "unknown task": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "glue", "--tasks", "RTF"),
        r"unknown task 'RTF': expected one of CoLA",
    ),
    "no task": (
        (
            *SWEEP[:3],
            "--checkpoint",
            "checkpoint",
            "--glue-dir",
            "glue",
            "--tasks",
            ",",
        ),
        r"--tasks: none named",
    ),
    "no checkpoint": (
        (*SWEEP, "--checkpoint", "none", "--glue-dir", "glue"),
        r"none: no such checkpoint directory",
    ),
    "checkpoint of another vocabulary": (
        (*SWEEP, "--checkpoint", "other_vocab", "--glue-dir", "glue"),
        r"vocab.txt: 23 word pieces, but bert_config.json says 24",
    ),
    "checkpoint without anything": (
        (*SWEEP, "--checkpoint", "glue", "--glue-dir", "glue"),
        r"bert_config.json: no such file",
    ),
    "checkpoint without a pooler": (
        (*SWEEP, "--checkpoint", "no_pooler", "--glue-dir", "glue"),
        r"no_pooler: expected a checkpoint with a pooler, .* found encoder, masked_lm",
    ),
    "checkpoint of few positions": (
        (*REPRODUCE, "glue", "--checkpoint", "short"),
        r"short: expected sequences of at most 127 tokens, .* found 128",
    ),
    "no GLUE": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "none"),
        r"none of RTE can be run: RTE: there is no train.tsv",
    ),
    "too few rows": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "few"),
        r"train.tsv holds 9 rows of the official 2,490",
    ),
    "no dev split": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "no_dev"),
        r"no_dev/RTE/dev.tsv: expected a GLUE file",
    ),
    "wrong label": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "wrong_label"),
        r"RTE/train.tsv, line 4: expected a label .*'maybe'",
    ),
    "cut off": (
        (*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "cut_off"),
        r"RTE/train.tsv, line 4: expected 4 tab-separated columns .* found 2",
    ),
    "no run": (("report", "none"), r"none/run.json: .* no such file"),
    "no runs": (("report",), r"results/runs: no run there"),
    "neither checkpoint nor corpus": (
        (*REPRODUCE, "glue"),
        r"--glue-dir: needs --checkpoint DIR, or --corpus FILE and --vocab FILE",
    ),
    "corpus without vocabulary": (
        (*REPRODUCE, "glue", "--corpus", "text.txt"),
        r"--glue-dir: needs --checkpoint DIR, or --corpus FILE and --vocab FILE",
    ),
    "both checkpoint and corpus": (
        (*REPRODUCE, "glue", *OWN, "--checkpoint", "checkpoint"),
        r"--checkpoint: leave --corpus and --vocab away",
    ),
    "own text without GLUE": (("reproduce", *OWN), r"need --glue-dir DIR"),
    "unknown model, all of it": (
        ("reproduce", "--models", "BERT-Tiny,Huge"),
        r"unknown model .*Huge",
    ),
    "no model": (("reproduce", "--models", ","), r"--models: none named"),
    "unknown task, all of it": (("reproduce", "--tasks", "x"), r"unknown task 'x'"),
    "name that is a path": (
        (*REPRODUCE, "glue", *OWN, "--name", "../x"),
        r"--name: expected letters",
    ),
    "wrong label, before pre-training": (
        (*REPRODUCE, "wrong_label", *OWN),
        r"RTE/train.tsv, line 4: expected a label .*'maybe'",
    ),
    "no dev split, before pre-training": (
        (*REPRODUCE, "no_dev", *OWN),
        r"no_dev/RTE/dev.tsv: expected a GLUE file",
    ),
    "empty corpus to pre-train on": (
        (*REPRODUCE, "glue", "--corpus", "empty.txt", "--vocab", "vocab.txt"),
        r"empty.txt: expected at least two documents .* found 0",
    ),
    "vocabulary without [MASK], all of it": (
        (*REPRODUCE, "glue", "--corpus", "text.txt", "--vocab", "no_mask.txt"),
        r"no_mask.txt: .* found no \[MASK\]",
    ),
}


@pytest.fixture
def refused(typed, place, monkeypatch):
    """The lines that words get which are refused; nothing is left behind."""
    monkeypatch.chdir(place)

    def run(words) -> list[str]:
        before = listing(place)
        ended = typed(*words)
        assert ended.code == 2
        assert listing(place) == before
        lines = ended.err.splitlines()
        assert lines[-1].startswith("Error: ")
        return lines

    return run


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line(refused, case):
    words, message = BAD_INPUT[case]
    (line,) = refused(words)
    assert re.search(message, line)


def test_a_run_of_another_verb_is_left_alone(refused, place):
    (place / "run").mkdir()
    command = {"command": "python -m suite knobs --task RTE"}
    (place / "run/run.json").write_text(json.dumps(command))
    (line,) = refused((*SWEEP, "--checkpoint", "checkpoint", "--glue-dir", "glue"))
    assert "run: expected a run of sweep, found one of knobs; name another" in line


BAD_USAGE = {
    "unknown verb": (("fly",), "No such command 'fly'."),
    "unknown flag": ((*GOOD_INSTANCES, "--fast"), "No such option: --fast"),
    "unknown masking": ((*GOOD_INSTANCES, "--masking", "none"), "'--masking'"),
    "no number": ((*GOOD_INSTANCES, "--seed", "one"), "'--seed'"),
    "no seeds": (("reproduce", "--seeds", "0"), "'--seeds'"),
    "no steps": (("reproduce", "--pretrain-steps", "0"), "'--pretrain-steps'"),
    "nothing to read": (PRETRAIN, "Missing option '--input'"),
    "stray word": ((*GOOD_INSTANCES, "--seed", "1", "2"), "unexpected extra argument"),
    "output is a directory": ((*GOOD_INSTANCES, "--output", "glue"), "is a directory"),
    "checkpoint is a file": (
        (*SWEEP, "--glue-dir", "glue", "--checkpoint", "text.txt"),
        "is a file",
    ),
}


@pytest.mark.parametrize("case", BAD_USAGE)
def test_bad_usage_is_refused(refused, case):
    words, message = BAD_USAGE[case]
    *before, line = refused(words)
    assert message in line
    assert not any("Traceback" in other for other in before)


def test_bad_input_in_a_shell(place):
    """No word of TensorFlow's, which is not loaded before the input is in order."""
    records = ["--input", place / "none", "--held-out", place / "none"]
    words = ["pretrain", *records, "--vocab", place / "vocab.txt"]
    process = typed_in_a_shell(
        *words, "--output-dir", place / "made", "--num-train-steps", 1
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"Error: {place / 'none'}: ")


@pytest.mark.parametrize(
    "words", [("--debug", "report", "x"), ("report", "x", "--debug")]
)
def test_debug_shows_the_traceback_before_and_after_the_verb(typed, words):
    ended = typed(*words)
    assert ended.code == 2
    assert ended.err.startswith("Traceback (most recent call last):")
    assert ended.err.splitlines()[-1].startswith("Error: x/run.json: ")


def test_an_error_of_ours_is_one_line_and_another_code(typed, monkeypatch, place):
    def broken(*_):
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr("suite.report.write_report", broken)
    words = ("report", place, "--reports-dir", place / "tables")
    ended = typed(*words)
    assert ended.code == 1
    assert ended.err == (
        "Unexpected ZeroDivisionError: first line (--debug shows where)\n"
    )
    assert "in broken" in typed(*words, "--debug").err


def test_a_disk_that_cannot_be_written_is_named(typed, monkeypatch, place):
    def full(*_):
        raise OSError(28, "No space left on device", "reports/README.md")

    monkeypatch.setattr("suite.report.write_report", full)
    ended = typed("report", place, "--reports-dir", place / "tables")
    assert (ended.code, ended.err) == (
        2,
        "Error: reports/README.md: No space left on device\n",
    )
