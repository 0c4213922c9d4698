"""A row made by a formula is recognised by it, and known rows by theirs."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.published import (
    SCORE,
    TABLE_COLUMNS,
    glue_score,
    load_published,
    mean_of_means,
)
from suite.score_row.averages import FORMULAS, averages
from suite.score_row.headings import unnamed
from suite.score_row.rows import PrintedScore, ScoreRow, read_row

CELLS = tuple(column for column in TABLE_COLUMNS if column != SCORE)
BY_NAME = {formula.name: formula for formula in FORMULAS}

# What else the rounding of a published row allows its Score to be.
PUBLISHED = {
    "BERT-Tiny": [
        "published Score",
        "Devlin et al. with WNLI",
        "Score without MNLI-mm",
    ],
    "BERT-Mini": ["published Score", "Score without MNLI-mm"],
    "BERT-Small": [
        "published Score",
        "Devlin et al. with WNLI",
        "Score without MNLI-mm",
    ],
    "BERT-Medium": ["published Score", "Score without MNLI-mm"],
}
# Devlin et al. 2019, table 1.
DEVLIN = {
    "BERT-Base": ("84.6/83.4,71.2,90.5,93.5,52.1,85.8,88.9,66.4", "79.6"),
    "BERT-Large": ("86.7/85.9,72.1,92.7,94.9,60.5,86.5,89.3,70.1", "82.1"),
}


def printed(value: Fraction, decimals: int = 1) -> PrintedScore:
    return PrintedScore(round(value, decimals), decimals)


def matching(row: ScoreRow) -> list[str]:
    return [a.formula.name for a in averages(row) if a.matches]


def published_row(model: str) -> ScoreRow:
    registry = load_published()
    scores = {
        column: PrintedScore(Fraction(str(registry[model, column].value)), 1)
        for column in TABLE_COLUMNS
    }
    return ScoreRow({c: scores[c] for c in CELLS}, scores[SCORE], model)


@pytest.mark.parametrize("model", PUBLISHED)
def test_published_rows(model):
    assert matching(published_row(model)) == PUBLISHED[model]


def test_the_bounds_of_a_published_row():
    first = averages(published_row("BERT-Tiny"))[0]
    assert [round(float(bound), 3) for bound in first.bounds] == [64.094, 64.194]


@pytest.mark.parametrize("model", DEVLIN)
def test_the_rows_of_devlin_et_al(tmp_path, model):
    numbers, average = DEVLIN[model]
    path = tmp_path / "row.csv"
    path.write_text(
        "Model,MNLI-(m/mm),QQP,QNLI,SST-2,CoLA,STS-B,MRPC,RTE,Average\n"
        f"{model},{numbers},{average}\n"
    )
    row = read_row(path)
    assert matching(row) == ["Devlin et al."]
    lacking = {a.formula.name: a.missing for a in averages(row)}
    assert lacking["published Score"] == ("WNLI",)
    assert lacking["every number once without WNLI"] == (
        *("MRPC accuracy", "STS-B Spearman", "QQP accuracy"),
    )


def test_formulas_differ_and_the_first_is_the_published_one():
    assert len({formula.terms for formula in FORMULAS}) == len(FORMULAS)
    assert len(BY_NAME) == len(FORMULAS)
    values = {column: float(number) for number, column in enumerate(CELLS)}
    assert mean_of_means(FORMULAS[0].terms, values) == glue_score(values)


WORKED = {  # CoLA 0, SST-2 1, MRPC 2 and 3, ..., AX 13: worked by hand
    "published Score": Fraction(56, 9),
    "Devlin et al.": Fraction(52, 9),
    "Score with AX": Fraction(69, 10),
    "Score of accuracy without WNLI and MNLI-mm": Fraction(45, 8),
    "every number once": Fraction(6),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_averages(name):
    row = ScoreRow({c: printed(Fraction(n)) for n, c in enumerate(CELLS)})
    computed = {a.formula.name: a.computed for a in averages(row)}
    assert computed[name] == WORKED[name]


points = st.integers(0, 10**8).map(lambda millionths: Fraction(millionths, 10**6))


@settings(derandomize=True, deadline=None, database=None, max_examples=50)
@given(
    values=st.lists(points, min_size=len(CELLS), max_size=len(CELLS)),
    name=st.sampled_from(sorted(BY_NAME)),
    decimals=st.integers(0, 3),
)
def test_a_row_made_by_a_formula_is_recognised(values, name, decimals):
    """Averaged first, then rounded, as authors do."""
    true = dict(zip(CELLS, values, strict=True))
    average = mean_of_means(BY_NAME[name].terms, true)
    scores = {column: printed(value, decimals) for column, value in true.items()}
    row = ScoreRow(scores, printed(average, decimals))
    assert name in matching(row)


@settings(derandomize=True, deadline=None, database=None, max_examples=50)
@given(
    values=st.lists(points, min_size=len(CELLS), max_size=len(CELLS)),
    name=st.sampled_from(sorted(BY_NAME)),
    beyond=points.filter(bool),
    sign=st.sampled_from([-1, 1]),
)
def test_beyond_rounding_it_is_not(values, name, beyond, sign):
    """A tenth is what the rounding of inputs and of the average explain together."""
    scores = {c: printed(v) for c, v in zip(CELLS, values, strict=True)}
    exact = {column: score.value for column, score in scores.items()}
    average = mean_of_means(BY_NAME[name].terms, exact)
    away = PrintedScore(average + sign * (Fraction(1, 10) + beyond), 1)
    assert name not in matching(ScoreRow(scores, away))
    edge = PrintedScore(average + sign * Fraction(1, 10), 1)
    assert name in matching(ScoreRow(scores, edge))


def test_a_number_that_names_no_metric_serves_one_term():
    """Where both numbers of a pair count for themselves it cannot be both."""
    scores = {c: printed(Fraction(50)) for c in CELLS if c.task != "MRPC"}
    scores[unnamed("MRPC")] = printed(Fraction(60))
    found = {a.formula.name: a for a in averages(ScoreRow(scores))}
    assert found["published Score"].computed == Fraction(460, 9)
    assert found["Devlin et al."].computed == Fraction(460, 9)
    assert found["every number once"].missing == ("MRPC accuracy",)


def test_without_a_printed_average_nothing_matches_or_fails():
    row = ScoreRow({c: printed(Fraction(50)) for c in CELLS})
    assert {a.matches for a in averages(row)} == {None}
