"""What the verbs' options mean, where that is more than Typer's own doing."""

import pytest

from reference.checkpoint import Layout
from reference.masking import MaskingScheme
from suite.commands.checkpoint import Format
from suite.options import Masking, task_names


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


def test_choices_are_those_of_the_reference():
    """Spelt out a second time, so that help need not load it."""
    assert [*Masking] == [*MaskingScheme]
    assert [*Format] == [*Layout]
