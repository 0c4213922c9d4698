"""Every printed average follows the formula that the registry says."""

from dataclasses import replace

import pytest

from suite.printed_averages import average_problems, printed_averages
from suite.published import AVERAGE, SCORE, TableColumn, load_published
from suite.report_tables import average_rows

# Computed by hand from Devlin et al. 2019, table 1: eight tasks, MNLI's halves apart.
DEVLIN = {
    "BERT-Base": (84.6 + 83.4 + 71.2 + 90.5 + 93.5 + 52.1 + 85.8 + 88.9 + 66.4) / 9,
    "BERT-Large": (86.7 + 85.9 + 72.1 + 92.7 + 94.9 + 60.5 + 86.5 + 89.3 + 70.1) / 9,
}


@pytest.fixture(scope="module")
def registry():
    return load_published()


def test_every_average_fits_its_formula(registry):
    found = {one.printed.model: one for one in printed_averages(registry)}
    assert len(found) == 6
    assert all(one.said.matches for one in found.values())
    assert average_problems(registry) == []
    for model, computed in DEVLIN.items():
        assert found[model].said.formula.name == "Devlin et al."
        assert float(found[model].said.computed) == pytest.approx(computed)
        assert found[model].others == ()
    assert found["BERT-Tiny"].said.formula.name == "published Score"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("BERT-Base", AVERAGE), "BERT-Base: printed 79.9, Devlin et al. gives 79.600"),
        (("BERT-Mini", SCORE), "BERT-Mini: printed 66.1, published Score gives 65.761"),
    ],
)
def test_a_wrong_average_is_found(registry, key, said):
    wrong = replace(registry[key], value=registry[key].value + 0.3)
    assert average_problems({**registry, key: wrong}) == [said]


def test_a_row_that_lacks_a_number_is_a_problem(registry):
    less = dict(registry)
    del less["BERT-Base", TableColumn("RTE", "accuracy", "test")]
    assert average_problems(less) == [
        "BERT-Base: printed 79.6, Devlin et al. lacks RTE"
    ]


def test_the_table_says_formula_and_rounding(registry):
    text = average_rows(printed_averages(registry))
    tiny = (
        "| BERT-Tiny | 64.2 | published Score | pairs averaged; MNLI averaged; WNLI |"
    )
    assert f"{tiny} 64.144 | 64.094 to 64.194 | yes |" in text
    assert text.count("| yes |") == 6
