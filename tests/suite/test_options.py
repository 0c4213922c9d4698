"""What the verbs' options mean, where that is more than Typer's own doing."""

import pytest

from reference.checkpoint import Layout
from reference.masking import MaskingScheme
from suite.commands.checkpoint import Format
from suite.options import Masking, grid_lists, task_names


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("RTE,MRPC", ("MRPC", "RTE")),
        (" RTE , CoLA ,", ("CoLA", "RTE")),
        ("AX", ("MNLI",)),
        ("AX,MNLI,RTE", ("MNLI", "RTE")),
        ("RTE,RTE", ("RTE",)),
    ],
)
def test_tasks_are_run_once_in_the_order_of_glue(asked, given):
    assert task_names(asked) == given


def test_tasks_of_several_lists():
    assert task_names("RTE", "CoLA,RTE") == ("CoLA", "RTE")


def test_a_grid_is_the_same_in_whatever_order_it_is_typed():
    assert grid_lists([32, 8], [1e-4, 5e-5, 3e-4]) == ((8, 32), (3e-4, 1e-4, 5e-5))


def test_choices_are_those_of_the_reference():
    """Spelt out a second time, so that help need not load it."""
    assert [*Masking] == [*MaskingScheme]
    assert [*Format] == [*Layout]
