"""Somebody's scores are read as they were meant, or refused by line."""

import json
from fractions import Fraction

import pytest

from reference.errors import InputError
from suite.published import TABLE_COLUMNS
from suite.score_row.headings import shown, unnamed
from suite.score_row.rows import read_row

TABLE = (
    "Model,Score,CoLA,SST-2,MRPC,STS-B,QQP,MNLI-m,MNLI-mm,QNLI(v2),RTE,WNLI,AX\n"
    "BERT-Tiny,64.2,0.0,83.2,81.1/71.1,74.3/73.6,62.2/83.4,70.2,70.3,81.5,57.2,62.3,"
    "21.0\n"
)
TINY = {
    **{"CoLA": 0, "SST-2": 83.2, "MRPC F1": 81.1, "MRPC accuracy": 71.1},
    **{"STS-B Pearson": 74.3, "STS-B Spearman": 73.6},
    **{"QQP F1": 62.2, "QQP accuracy": 83.4, "MNLI-m": 70.2, "MNLI-mm": 70.3},
    **{"QNLI": 81.5, "RTE": 57.2, "WNLI": 62.3, "AX": 21.0},
}


def read(tmp_path, text: str, name: str = "row.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_row(path)


def values(row) -> dict[str, float]:
    return {shown(column): float(p.value) for column, p in row.scores.items()}


def long_form(row: dict[str, float]) -> str:
    lines = []
    for name, value in row.items():
        task, _, metric = name.partition(" ")
        lines.append(f"{task},{metric.lower()},{value}\n")
    return "task,metric,score\n" + "".join(lines) + "Score,,64.2\n"


def nested(row: dict[str, float]) -> dict:
    found: dict = {"model": "BERT-Tiny", "average": 64.2}
    for name, value in row.items():
        task, _, metric = name.partition(" ")
        if metric:
            found.setdefault(task, {})[metric] = value
        else:
            found[task] = value
    return found


FORMS = {
    "the published table": (TABLE, "row.csv"),
    "tabs": (TABLE.replace(",", "\t"), "row.tsv"),
    "long": (long_form(TINY), "row.csv"),
    "JSON": (json.dumps(nested(TINY)), "row.json"),
    "JSON, a list of entries": (
        json.dumps(
            [
                {"task": name, "metric": None, "score": value}
                for name, value in {**TINY, "Score": 64.2}.items()
            ]
        ),
        "row.json",
    ),
    "a byte order mark, Windows lines": (
        b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode(),
        "row.csv",
    ),
    "blank lines, spaces, quotes": (
        TABLE.replace(",", " , ").replace("\n", "\n\n").replace("CoLA", '"CoLA"'),
        "row.csv",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_one_row(tmp_path, form):
    row = read(tmp_path, *FORMS[form])
    assert values(row) == TINY
    assert list(row.scores) == [c for c in TABLE_COLUMNS if c in row.scores]
    assert float(row.average.value) == 64.2
    assert row.scale == "points"
    assert row.model in ("BERT-Tiny", "")


def test_decimals_are_as_printed(tmp_path):
    row = read(tmp_path, "CoLA,RTE,WNLI\n38.10,62,56.338028169014086\n")
    printed = {shown(column): p for column, p in row.scores.items()}
    assert [p.decimals for p in printed.values()] == [2, 0, 8]
    assert printed["RTE"].half_step == Fraction(1, 2)
    assert printed["CoLA"].value == Fraction("38.1")


def test_fractions(tmp_path):
    """A program's 0.0 has no fewer decimals than its other numbers."""
    text = '{"cola": 0.0, "rte": 0.572, "sst2": 0.8320}'
    row = read(tmp_path, text, "row.json")
    assert row.scale == "fractions"
    assert values(row) == {"CoLA": 0, "RTE": 57.2, "SST-2": 83.2}
    assert {p.decimals for p in row.scores.values()} == {1, 2}
    assert row.notes == ("The numbers are between 0 and 1: read as fractions of 1.",)


HEADINGS = {
    "sst2": ["SST-2"],
    "stsb_spearmanr": ["STS-B Spearman"],
    "mrpc_f1": ["MRPC F1"],
    "MRPC (acc)": ["MRPC accuracy"],
    "QQP acc/F1": ["QQP accuracy", "QQP F1"],
    "MNLI-(m/mm)": ["MNLI-m", "MNLI-mm"],
    "MNLI mm/m": ["MNLI-mm", "MNLI-m"],
    "mnli_mismatched_accuracy": ["MNLI-mm"],
    "CoLA (Matthews corr.)": ["CoLA"],
    "Diagnostics": ["AX"],
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_headings(tmp_path, heading):
    numbers = ["81.1", "71.1"][: len(HEADINGS[heading])]
    row = read(tmp_path, f"{heading}\n{'/'.join(numbers)}\n")
    found = {name: str(value) for name, value in values(row).items()}
    assert found == dict(zip(HEADINGS[heading], numbers, strict=True))


@pytest.mark.parametrize("heading", ["Score", "GLUE score", "Avg.", "average"])
def test_headings_of_the_average(tmp_path, heading):
    row = read(tmp_path, f"RTE,{heading}\n60.0,70.0\n")
    assert str(row.average) == "70.0"


@pytest.mark.parametrize("nothing", ["", "-", "–", "n/a", "NaN"])
def test_what_is_left_out(tmp_path, nothing):
    assert values(read(tmp_path, f"RTE,WNLI\n60.0,{nothing}\n")) == {"RTE": 60.0}


def test_what_could_be_understood_otherwise_is_said(tmp_path):
    row = read(tmp_path, "MRPC,MNLI,MNLI-mm,QQP\n81.1/71.1,70.2,70.3,71.2\n")
    assert values(row).keys() == {
        *("MRPC F1", "MRPC accuracy", "MNLI-m", "MNLI-mm", "QQP")
    }
    assert unnamed("QQP") in row.scores
    assert row.notes == (
        "MRPC is read as MRPC F1, MRPC accuracy.",
        "MNLI is read as MNLI-m.",
        "Of QQP there is one number, not said of which of two, or their mean: each "
        "formula takes it for what it needs, and it is compared with nothing.",
    )
    mean = read(tmp_path, "MNLI-m,MNLI-mm,MNLI\n70.2,70.3,70.25\n")
    assert values(mean) == {"MNLI-m": 70.2, "MNLI-mm": 70.3}
    assert mean.notes == ("MNLI is left out: both numbers are named.",)
    weak = read(tmp_path, "RTE,AX\n57.2,0.9\n")
    assert weak.notes == (
        "AX 0.9 is read as points, as the others are; were it a fraction, it would be "
        "90.0.",
    )


BAD = {
    "no such heading": ("RTE,Foo\n57.2,1\n", "line 2: .*a heading, found 'Foo'"),
    "no such metric": ("RTE f1\n57.2\n", "line 2: .*metric of RTE.*found 'f1'"),
    "first QNLI": ("QNLI(v1)\n88.0\n", "line 2: .*metric of QNLI.*found 'v1'"),
    "no number": ("CoLA,RTE\n\n0.0,good\n", "line 3: .*under 'RTE', found 'good'"),
    "a per cent sign": ("RTE\n57.2%\n", "line 2: .*found '57.2%'; write 81.1"),
    "three numbers": ("MRPC\n1/2/3\n", "line 2: expected one number, or two"),
    "half a pair": ("MRPC\n81.1/\n", "line 2: expected one number, or two"),
    "a pair of one": ("RTE\n57.2/58\n", r"line 2: expected 1 number.*found 2"),
    "one of two": ("MRPC F1/acc\n81.1\n", r"line 2: expected 2 number.*found 1"),
    "above 100": ("RTE,WNLI\n572,62.3\n", "line 2: .*from 0 to 100 under 'RTE'"),
    "negative": ("RTE,WNLI\n-57.2,62.3\n", "line 2: .*under 'RTE', found -57.2"),
    "two scales": ("CoLA,RTE\n38.0,0.62\n", "line 2: expected one scale, found 0.62"),
    "twice": ("RTE,rte_acc\n57.2,57.2\n", "line 2: RTE is there twice"),
    "two rows": ("RTE\n57.2\n58.0\n", "line 3: expected one row.*found 2"),
    "no row": ("RTE\n", "line 1: expected one row.*found 0"),
    "nothing": ("", "line 1: expected one row.*found 0"),
    "a decimal comma": ("RTE,WNLI\n57,2,62,3\n", "line 2: expected 2 cells.*found 4"),
    "semicolons": ("RTE;WNLI\n57,2;62,3\n", "line 1: expected commas or tabs"),
    "only an average": ("Score\n64.2\n", "expected scores of GLUE's tasks, found none"),
    "long, no task": (
        "task,score\nRTE,57.2\nFoo,58\n",
        "line 3: .*a heading, found 'Foo'",
    ),
    "not UTF-8": (b"RTE\n57.2\nCol\xe9\n", "line 3: expected UTF-8 text, found .*e9"),
}
BAD_JSON = {
    "not JSON": ('{\n"RTE": 57.2,,\n}', "line 2: expected JSON"),
    "a list in a list": ('{"RTE": [[57.2]]}', "key 'RTE': expected a number"),
    "a key twice": ('{"RTE": 57.2, "RTE": 60.1}', 'expected each key .*"RTE" twice'),
    "true": ('{"RTE": true}', "key 'RTE': expected a number, found true"),
    "an unknown key": ('{"RTE": 57.2, "seed": 1}', "key 'seed': .*found 'seed'"),
    "an entry without a score": (
        '[{"task": "RTE", "score": 1}, {"task": "CoLA"}]',
        "entry 2: expected task, metric and score",
    ),
    "a number alone": ("57.2", "entry 1: expected task, metric and score"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables(tmp_path, case):
    text, message = BAD[case]
    with pytest.raises(InputError, match=rf"row.csv(, )?.*{message}"):
        read(tmp_path, text)


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json(tmp_path, case):
    text, message = BAD_JSON[case]
    with pytest.raises(InputError, match=rf"row.json(, |: ){message}"):
        read(tmp_path, text, "row.json")
