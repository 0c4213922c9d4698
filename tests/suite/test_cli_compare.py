# ruff: noqa: E501  (whole lines of a printed table)
"""`python -m suite compare` as a user types it."""

import json

import pytest

from tests.suite.cli_place import typed_in_a_shell

TINY = """\
Model,Score,CoLA,SST-2,MRPC,STS-B,QQP,MNLI-m,MNLI-mm,QNLI(v2),RTE,WNLI,AX
BERT-Tiny,64.2,0.0,83.2,81.1/71.1,74.3/73.6,62.2/83.4,70.2,70.3,81.5,57.2,62.3,21.0
"""
SAID = """\
# The row of BERT-Tiny

MRPC is read as MRPC F1, MRPC accuracy. STS-B is read as STS-B Pearson, STS-B Spearman. QQP is read as QQP F1, QQP accuracy.

## Which average

The printed average 64.2 fits published Score, Devlin et al. with WNLI or Score without MNLI-mm and no other of the 15 formulas that the row has numbers for. The numbers leave open which of the 3 it is.

| Formula | It averages | Computed | Rounding allows | Can be 64.2 |
| --- | --- | --- | --- | --- |
| published Score | pairs averaged; MNLI averaged; WNLI | 64.144 | 64.094 to 64.194 | yes |
| Devlin et al. | F1, Spearman; MNLI-m, MNLI-mm | 64.367 | 64.317 to 64.417 | no |
| Devlin et al. with WNLI | F1, Spearman; MNLI-m, MNLI-mm; WNLI | 64.160 | 64.110 to 64.210 | yes |
| Score without WNLI | pairs averaged; MNLI averaged | 64.375 | 64.325 to 64.425 | no |
| Score without MNLI-mm | pairs averaged; MNLI-m; WNLI | 64.139 | 64.089 to 64.189 | yes |
| Score without WNLI and MNLI-mm | pairs averaged; MNLI-m | 64.369 | 64.319 to 64.419 | no |
| Score with AX | pairs averaged; MNLI averaged; WNLI; AX | 59.830 | 59.780 to 59.880 | no |
| Score of F1 | F1, Spearman; MNLI averaged; WNLI | 63.483 | 63.433 to 63.533 | no |
| Score of F1 without WNLI | F1, Spearman; MNLI averaged | 63.631 | 63.581 to 63.681 | no |
| Score of accuracy | accuracy, Spearman; MNLI averaged; WNLI | 64.728 | 64.678 to 64.778 | no |
| Score of accuracy without WNLI | accuracy, Spearman; MNLI averaged | 65.031 | 64.981 to 65.081 | no |
| Score of accuracy without WNLI and MNLI-mm | accuracy, Spearman; MNLI-m | 65.025 | 64.975 to 65.075 | no |
| every number once | both of a pair; MNLI-m, MNLI-mm; WNLI | 66.954 | 66.904 to 67.004 | no |
| every number once without WNLI | both of a pair; MNLI-m, MNLI-mm | 67.342 | 67.292 to 67.392 | no |
| every number once with AX | both of a pair; MNLI-m, MNLI-mm; WNLI; AX | 63.671 | 63.621 to 63.721 | no |

## Which split

The row can be of test and not of dev, where no number of right answers gives SST-2 83.2, RTE 57.2 and WNLI 62.3.

| Score | Printed | On dev | On test | By chance on dev | By chance on test |
| --- | --- | --- | --- | --- | --- |
| SST-2 | 83.2 | no | 1,515 of 1,821 | 87 % | 100 % |
| MRPC F1 | 81.1 | 290 of 408 | 1,226 of 1,725 | – | – |
| MRPC accuracy | 71.1 | 290 of 408 | 1,226 of 1,725 | 41 % | 100 % |
| QQP F1 | 62.2 | 33,699 of 40,430 | 325,870 of 390,965 | – | – |
| QQP accuracy | 83.4 | 33,699 of 40,430 | 325,870 of 390,965 | 100 % | 100 % |
| MNLI-m | 70.2 | 6,886 of 9,815 | 6,872 of 9,796 | 100 % | 100 % |
| MNLI-mm | 70.3 | 6,907 of 9,832 | 6,918 of 9,847 | 100 % | 100 % |
| QNLI | 81.5 | 4,450 of 5,463 | 4,450 of 5,463 | 100 % | 100 % |
| RTE | 57.2 | no | 1,715 of 3,000 | 28 % | 100 % |
| WNLI | 62.3 | no | 91 of 146 | 7 % | 15 % |

## Against published rows

Nearest of the compact models is BERT-Tiny, 0.00 points away on average over 14 shared scores; BERT-Mini is 2.06 away, BERT-Small is 6.45 away and BERT-Medium is 8.75 away. Without predictions the intervals are approximations: sampling errors from the printed scores alone, and the spread over seeds as others measured it, the widest known where it is not the model's own. On one and the same test set errors are partly shared, which is not counted: the intervals are rather too wide.

Against the published test scores of BERT-Tiny, from google-research/bert README.md at commit eedf571 (2020-03-11): 1 degenerate, 8 inconclusive, 4 reproduced, 1 uninformative, 1 not comparable.

| Score | Row | Published | Difference | 95 % interval | Compared | Seed spread | Verdict (approximate) | Why |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| CoLA | 0.0 | 0.0 | 0.0 | – | test vs test | – | degenerate | 0 is what constant predictions score |
| SST-2 | 83.2 | 83.2 | 0.0 | [-3.3, +3.3] | test vs test | 0.58 (BERT-Mini) | inconclusive | neither within ±1.1 points nor surely different |
| MRPC F1 | 81.1 | 81.1 | 0.0 | [-2.6, +2.6] | test vs test | 0.33 (BERT-Tiny) | inconclusive | neither within ±0.9 points nor surely different |
| MRPC accuracy | 71.1 | 71.1 | 0.0 | [-3.3, +3.3] | test vs test | 0.32 (BERT-Tiny) | inconclusive | neither within ±1.8 points nor surely different |
| STS-B Pearson | 74.3 | 74.3 | 0.0 | [-3.9, +3.9] | test vs test | 0.54 (BERT-Mini) | inconclusive | neither within ±1.0 points nor surely different |
| STS-B Spearman | 73.6 | 73.6 | 0.0 | [-4.7, +4.7] | test vs test | 0.71 (BERT-Mini) | inconclusive | neither within ±0.8 points nor surely different |
| QQP F1 | 62.2 | 62.2 | 0.0 | [-0.5, +0.5] | test vs test | 0.08 (BERT-Tiny) | reproduced | within ±1.2 points by two one-sided tests |
| QQP accuracy | 83.4 | 83.4 | 0.0 | [-0.6, +0.6] | test vs test | 0.15 (BERT-Tiny) | reproduced | within ±0.8 points by two one-sided tests |
| MNLI-m | 70.2 | 70.2 | 0.0 | [-1.4, +1.4] | test vs test | 0.13 (BERT-Tiny) | reproduced | within ±1.5 points by two one-sided tests |
| MNLI-mm | 70.3 | 70.3 | 0.0 | [-1.4, +1.4] | test vs test | 0.15 (BERT-Tiny) | reproduced | within ±1.5 points by two one-sided tests |
| QNLI | 81.5 | 81.5 | 0.0 | [-1.6, +1.6] | test vs test | 0.15 (BERT-Tiny) | inconclusive | neither within ±1.0 points nor surely different |
| RTE | 57.2 | 57.2 | 0.0 | [-21.2, +21.1] | test vs test | 7.20 (BERT-Large, Uncased (original recipe)) | inconclusive | neither within ±0.8 points nor surely different |
| WNLI | 62.3 | 62.3 | 0.0 | – | test vs test | – | uninformative | no published model is above the majority class (65.1 on test) |
| AX | 21.0 | 21.0 | 0.0 | – | test vs test | – | inconclusive | nobody measured its spread over seeds |
| Score | 64.144 | 64.2 | -0.1 | – | test vs test | – | not comparable | it averages cells that allow no claim (CoLA): 0 is what constant predictions score |
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text(TINY)
    return path


def test_the_whole_account_of_a_row_in_a_shell(tiny):
    process = typed_in_a_shell("compare", "--scores", tiny)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == SAID


def test_help(typed):
    ended = typed("compare", "--help")
    assert (ended.code, ended.err) == (0, "")
    for option in ("--scores FILE", "--model NAME", "--split", "--runs N", "--json"):
        assert option in ended.out


def test_json(typed, tiny):
    ended = typed("compare", "--scores", tiny, "--json")
    assert (ended.code, ended.err) == (0, "")
    said = json.loads(ended.out)
    assert said["scores"]["MRPC accuracy"] == 71.1
    assert said["average"] == 64.2
    assert said["matching_formulas"][0] == "published Score"
    assert said["formulas"][0]["bounds"] == pytest.approx([64.094, 64.194], abs=5e-4)
    assert (said["split"], said["possible_splits"]) == ("test", ["test"])
    wnli = {g["score"]: g for g in said["granularity"]}["WNLI"]
    assert wnli["splits"]["test"]["right"] == 91
    assert wnli["splits"]["dev"]["right"] is None
    assert said["distances"][0] == {"model": "BERT-Tiny", "mean": 0.0, "cells": 14}
    (comparison,) = said["comparisons"]
    cells = {cell["score"]: cell for cell in comparison["cells"]}
    assert cells["MNLI-m"]["verdict"] == "reproduced"
    assert cells["CoLA"]["interval"] is None


def test_a_split_that_the_scores_contradict(typed, tiny):
    ended = typed("compare", "--scores", tiny, "--split", "dev")
    assert ended.code == 1
    assert "You say dev, which contradicts these scores." in ended.out
    agreed = typed("compare", "--scores", tiny, "--split", "test")
    assert agreed.code == 0
    assert "It is taken to be of test, as you say." in agreed.out
    means = typed("compare", "--scores", tiny, "--split", "dev", "--runs", 5)
    assert means.code == 0
    assert "Scores are read as means over 5 runs." in means.out


def test_against_another_model(typed, tiny):
    ended = typed("compare", "--scores", tiny, "--model", "BERT-Mini")
    assert ended.code == 0
    assert "Nearest of the compact models is BERT-Tiny, 0.00 points away" in ended.out
    assert "Against the published test scores of BERT-Mini, from google-" in ended.out
    assert "| QNLI | 81.5 | 84.1 | -2.6 | [-4.1, -1.1] | test vs test |" in ended.out


WORDS = {
    "no average": ("RTE\n57.2\n", "The row lacks numbers for every formula"),
    "no formula": (
        TINY.replace("64.2", "70.0"),
        "None of the 15 formulas that the row has numbers for can give the printed "
        "average 70.0, whatever rounding did; the nearest is every number once "
        "without WNLI with 67.342.",
    ),
    "nothing to match": (TINY.replace("64.2", "-"), "The row prints no average;"),
    "either split": ("RTE,QQP\n60.3,71.2\n", "No score excludes dev or test"),
    "neither split": (
        "RTE,WNLI,QNLI\n57.2,56.3,80.0\n",
        "The row can be of neither split: no number of right answers gives on dev RTE "
        "57.2; on test WNLI 56.3.",
    ),
    "swapped": (
        "MRPC\n71.1/81.1\n",
        "No other score tells the split. No predictions give MRPC as printed, but some "
        "do with F1 and accuracy exchanged: they seem to be swapped.",
    ),
    "the majority class": (
        "WNLI\n65.1\n",
        "WNLI is what the commoner class scores on test.",
    ),
    "the first QNLI": (
        "QNLI\n87.4040\n",
        "QNLI fits only the rows of the task's first",
    ),
    "no accuracy": ("CoLA\n38.0\n", "The row names no accuracy, so nothing tells"),
    "nothing shared": ("MRPC\n81.1\n", "The row shares no named score with"),
    "fractions": ("RTE\n0.603\n", "The numbers are between 0 and 1: read as fractions"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(typed, tmp_path, case):
    text, words = WORDS[case]
    path = tmp_path / "scores.csv"
    path.write_text(text)
    ended = typed("compare", "--scores", path)
    assert (ended.code, ended.err) == (0, "")
    assert words in ended.out


BAD = {
    "no file": (("compare", "--scores", "none.csv"), "none.csv: No such file"),
    "a bad number": (("compare", "--scores", "bad.csv"), "bad.csv, line 2: expected a"),
    "no such model": (
        ("compare", "--scores", "scores.csv", "--model", "BERT-Huge"),
        "--model: nothing published of 'BERT-Huge'; known: 'BERT-Tiny'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(typed, tiny, monkeypatch, case):
    words, message = BAD[case]
    monkeypatch.chdir(tiny.parent)
    (tiny.parent / "bad.csv").write_text("RTE\nfine\n")
    ended = typed(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: ")
    assert message in ended.err
    assert ended.err.count("\n") == 1
