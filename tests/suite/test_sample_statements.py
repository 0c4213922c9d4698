"""Which sentences are plain statements, and how one is denied."""

import re
from random import Random

import pytest

from suite.sample_statements import Statement, as_statement


def test_a_statement_is_split_at_its_auxiliary():
    statement = as_statement("The first array is sorted by value.", "numpy")
    assert statement == Statement(
        ("The", "first", "array"), "is", ("sorted", "by", "value"), "numpy"
    )
    assert statement.clause == "the first array is sorted by value"
    assert re.fullmatch(
        r"The first array is (not|never|no longer|in no way) sorted by value",
        statement.denied(Random(0)),
    )
    assert as_statement("ARPACK can be used here.", "scipy").clause.startswith("ARPACK")


@pytest.mark.parametrize(
    "sentence",
    [
        "If the array is sorted it stays.",
        "The array that is sorted is returned first of all, here.",
        "An array that is sorted.",
        "The array is not sorted by value.",
        "Is the array sorted by value.",
        "The array stays sorted by value.",
        "The array is.",
        "Specify whether the array is sorted.",
        "The get_default_value_of_it is returned.",
    ],
)
def test_what_is_no_plain_statement(sentence):
    assert as_statement(sentence, "numpy") is None
