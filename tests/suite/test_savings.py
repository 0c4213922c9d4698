"""What each saving gains, from made-up measurements."""

import pytest

from suite.savings import ALL, savings
from suite.test_savings import ROWS, first_examples


def measured(without, milliseconds, task="MRPC", batch_size=8):
    about = {"without": without, "saving_task": task, "batch_size": batch_size}
    return {
        "extra_info": about | {"steps": 50},
        "stats": {"median": 50 * milliseconds / 1e3},
    }


def test_times_are_of_a_step_and_of_that_with_all():
    found = savings(
        [
            measured(ALL, 4.0),
            measured("packing", 6.0),
            measured("calls", 5.0),
            measured(ALL, 10.0, "CoLA", 32),
            measured("packing", 30.0, "CoLA", 32),
        ]
    )
    assert found.loc[("MRPC", 8), ALL] == pytest.approx(4.0)
    assert found.loc[("MRPC", 8), "packing"] == pytest.approx(1.5)
    assert found.loc[("MRPC", 8), "calls"] == pytest.approx(1.25)
    assert found.loc[("CoLA", 32), "packing"] == pytest.approx(3.0)
    assert found.loc[("CoLA", 32)].isna()["calls"]


def test_other_benchmarks_are_none_of_it():
    assert savings([{"extra_info": {"amount": 3}, "stats": {"median": 1.0}}]).empty


def test_the_first_examples_are_what_is_timed(miniature):
    small = miniature.glue.directory
    checkpoint, data = first_examples(miniature.checkpoint_dir, small, "RTE")
    assert checkpoint.sha256 == miniature.checkpoint.sha256
    assert len(data.train.lengths) == len(data.labels) == min(ROWS, 48)
