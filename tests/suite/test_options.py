"""What the verbs' options mean, where that is more than Typer's own doing."""

import pytest

from suite.options import task_names


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
