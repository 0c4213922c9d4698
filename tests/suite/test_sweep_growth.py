"""How cost grows with work, from made-up sweeps."""

import pytest

from suite.sweep_growth import costs_by_task, line_through
from suite.sweep_speed import EPOCHS, GridRun

ROWS = {"WNLI": 10, "RTE": 40, "CoLA": 100}
LENGTHS = {"WNLI": 30, "RTE": 60, "CoLA": 10}


def trial(task, per_token=1e-3, beside=2.0, **changes):
    """So many seconds for each token, and some beside."""
    tokens = EPOCHS * ROWS[task] * LENGTHS[task]
    work = per_token * tokens
    about = {
        "task": task,
        "status": "finished",
        "seconds": work + beside,
        "spent": {"training": 0.9 * work, "prediction": 0.1 * work, "packing": 0.1},
        "tokens": {"real": tokens, "computed": 2 * tokens},
    }
    return about | changes


def run_of(*trials) -> GridRun:
    return GridRun("python -m suite sweep", 2, 100.0, trials)


def test_costs_are_of_a_trial_and_a_token():
    costs = costs_by_task(run_of(*(trial(t) for t in ROWS for _ in range(3))), ROWS)
    assert list(costs.index) == list(ROWS)
    rte = costs.loc["RTE"]
    assert (rte["rows"], rte["length"]) == (40, 60)
    assert rte["seconds"] == pytest.approx(4 * 40 * 60 * 1e-3 + 2)
    assert rte["overhead"] == pytest.approx(2 / rte["seconds"])
    assert rte["per_token"] == pytest.approx(rte["seconds"] / (4 * 40 * 60))


def test_the_line_is_found_again():
    line = line_through(costs_by_task(run_of(*map(trial, ROWS)), ROWS))
    assert line.seconds == pytest.approx(2.0)
    assert line.seconds_per_token == pytest.approx(1e-3)
    assert line.correlation == pytest.approx(1.0)


def test_what_failed_or_recorded_no_parts_is_left_out():
    broken = trial("RTE", status="failed"), trial("CoLA", spent={}), trial("WNLI")
    costs = costs_by_task(run_of(*broken), ROWS)
    assert list(costs.index) == ["WNLI"]
    assert line_through(costs) is None
    assert costs_by_task(run_of(trial("WNLI")), {}).empty
