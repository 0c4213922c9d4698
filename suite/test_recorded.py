"""Recorded verdicts as tests: a claim that no longer holds fails here.

Run by `pytest suite/`; no model is trained and nothing is measured.
"""

import pytest

from suite.claims import broken_claims
from suite.environment import RESULTS
from suite.printed_averages import average_problems
from suite.published import load_published
from suite.readme import published_problems

RUNS = sorted(path.parent for path in (RESULTS / "runs").glob("*/run.json"))


def test_published_rows_agree_with_their_averages():
    assert average_problems(load_published()) == []


def test_there_are_recorded_runs():
    """A gate that has nothing to compare must not pass."""
    assert RUNS, f"no run recorded under {RESULTS / 'runs'}"


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_recorded_verdicts_hold(run):
    broken = broken_claims(run)
    assert not broken, f"\n{broken}"


def test_reports_are_what_the_records_give():
    problems = published_problems()
    assert not problems, "\n".join(["python -m suite report rebuilds them:", *problems])
