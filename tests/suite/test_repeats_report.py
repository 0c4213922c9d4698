"""Trials that two runs hold, laid beside each other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference.errors import InputError
from suite.metrics import predictions_from_logits, scores
from suite.records import RunDirectory
from suite.repeats_report import repeats, write_repeats_report
from suite.tasks import TASKS
from tests.suite.synthetic import Synthetic, make_run

SMALL = {"rows": 40, "batch_sizes": (8,), "learning_rates": (3e-4, 1e-4)}


@pytest.fixture
def results(tmp_path) -> Path:
    """RTE in a run; RTE and STS-B in a distillation, the same numbers of both."""
    make_run(tmp_path / "runs/here", Synthetic(tasks=("RTE",), **SMALL))
    both = Synthetic(tasks=("RTE", "STS-B"), **SMALL)
    make_run(tmp_path / "distillation/there", both)
    return tmp_path


def planned(run: Path, *stacks) -> None:
    plan = {"stack": None, "stacks": [{"trials": stack} for stack in stacks]}
    (run / "plan.json").write_text(json.dumps(plan))


def turned(run: RunDirectory, answers: int, **ran) -> str:
    """Another winner for the first answers of a trial, scored so; its id."""
    record = run.records()[0]
    found = run.predictions(record.trial.id)
    logits = found["dev"].astype(np.float32)
    logits[:answers] = logits[:answers, ::-1]
    predicted = predictions_from_logits(TASKS["RTE"], logits)
    own = scores(TASKS["RTE"], predicted, run.labels()["RTE/dev"])
    run.append(replace(record, scores={"dev": own}, ran=ran), {"dev": logits})
    return record.trial.id


def page(results: Path) -> str:
    (path,) = write_repeats_report(results, results / "reports")
    return path.read_text()


def rows(text: str, begin: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith(begin)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_only_what_two_runs_hold_is_compared(results):
    found = repeats(results)
    assert [one.trial.task for one in found] == ["RTE", "RTE"]
    assert all(one.compared.same_bits for one in found)
    assert {(one.first.kind, one.second.kind) for one in found} == {
        ("runs", "distillation")
    }


def test_the_same_numbers(results):
    (row,) = rows(page(results).partition("<details>")[0], "| RTE ")
    assert row[2:8] == ["CPU", "another", "2", "2", "0 of 40", "0"]
    assert row[8] == "0.0"


def test_another_processor_and_other_answers(results):
    there = RunDirectory(results / "distillation/there")
    trial = turned(there, 3, processor="abacus")
    (one,) = (one for one in repeats(results) if not one.compared.same_bits)
    assert one.trial.id == trial
    assert one.compared.changed == 3
    assert one.processors == ("CPU", "abacus")
    before, after = one.scores
    assert before == pytest.approx(
        100 * one.first.kept.record.scores["dev"]["accuracy"]
    )
    text = page(results)
    (moved,) = (row for row in rows(text, "| RTE ") if row[2] == "CPU and abacus")
    assert moved[4:7] == ["1", "0", "3 of 40"]
    assert moved[8] == f"{abs(after - before):.1f}"
    assert f"| {before:.2f} and {after:.2f} |" in text.partition("<details>")[2]


def test_whether_the_stacks_are_the_same(results):
    here, there = results / "runs/here", results / "distillation/there"
    first, second = (record.trial.id for record in RunDirectory(here).records())
    planned(here, [first, second])
    planned(there, [first, second])
    assert [one.same_stack for one in repeats(results)] == [True, True]
    planned(there, [first], [second])
    assert [one.same_stack for one in repeats(results)] == [False, False]


def test_a_damaged_plan_is_named(results):
    (results / "runs/here/plan.json").write_text('{"stacks": [[1, 2]]}')
    with pytest.raises(InputError, match=r"plan.json: expected the stacks of a sweep"):
        page(results)


def test_a_failed_trial_is_no_repeat(results):
    make_run(results / "masking/failed", Synthetic(tasks=("RTE",), fail=2, **SMALL))
    assert len(repeats(results)) == 2


def test_nothing_to_compare(tmp_path):
    assert "No trial is recorded in two runs yet." in page(tmp_path)
