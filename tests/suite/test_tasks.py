"""The ten tasks: which they are, and what is said of any other."""

import pytest

from reference.errors import InputError
from suite.tasks import GLUE_TASKS, TASKS, completeness, task_named


def test_nine_tasks_and_the_diagnostic_set():
    assert len(GLUE_TASKS) == 9
    assert list(TASKS) == [*GLUE_TASKS, "AX"]


def test_an_unknown_task_is_named():
    with pytest.raises(InputError, match="unknown task 'MNLI-m'"):
        task_named("MNLI-m")


def test_a_split_is_complete_with_the_official_number_of_rows():
    rte = TASKS["RTE"]
    assert completeness(rte, "dev", 277) == "complete"
    assert completeness(rte, "dev", 276) == "partial"
    assert completeness(rte, "dev", 1, sample=True) == "complete"
