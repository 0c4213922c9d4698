"""What forbids a comparison by itself, on the documented grid as it is."""

import pytest

from suite import comparability, documented_grid
from suite.verdicts import verdict_table
from tests.suite.synthetic import BATCH_SIZES, LEARNING_RATES, Synthetic, make_run


@pytest.fixture
def rte(tmp_path, monkeypatch):
    """A function: options of a run -> its cell of RTE, beside the whole grid."""
    whole = documented_grid.documented_configurations
    monkeypatch.setattr(comparability, "documented_configurations", whole)

    def judged(**options):
        run = make_run(tmp_path, Synthetic(tasks=("RTE",), **options))
        return next(c for c in verdict_table(run.path) if c.column.task == "RTE")

    return judged


@pytest.mark.parametrize(
    ("batch_sizes", "learning_rates", "tried"),
    [
        (BATCH_SIZES[1:], LEARNING_RATES, 16),
        (BATCH_SIZES, LEARNING_RATES[:3], 15),
        ((8, 256), (1e-4, 1e-5), 1),
        ((256,), LEARNING_RATES, 0),
    ],
)
def test_a_part_of_the_grid_is_not_comparable(rte, batch_sizes, learning_rates, tried):
    cell = rte(batch_sizes=batch_sizes, learning_rates=learning_rates)
    why = f"{tried} of the 20 documented configurations were tried"
    ruling = ("not comparable", why, "run the whole grid")
    assert (cell.verdict, cell.why, cell.change) == ruling
    assert cell.ours is not None


def test_the_whole_grid_is_compared_and_so_is_one_with_more(rte):
    assert rte().low is not None
    assert rte(batch_sizes=(*BATCH_SIZES, 256)).low is not None


def test_what_failed_was_tried(rte):
    cell = rte(fail=1)
    assert cell.low is not None
    assert len(cell.trial_ids) == 1  # of the 19


def test_why_there_is_no_number_comes_first(rte):
    part = {"batch_sizes": (8,), "learning_rates": (1e-4,)}
    assert rte(fail=1, **part).verdict == "not scored"
    assert rte(sample=True, **part).why == "sample task"


@pytest.mark.parametrize(
    ("batch_sizes", "also"),
    [
        (BATCH_SIZES, ""),
        ((8,), "; 4 of the 20 documented configurations were tried"),
    ],
)
def test_on_a_part_of_the_task_a_part_of_the_grid_is_told_too(
    tmp_path, monkeypatch, batch_sizes, also
):
    whole = documented_grid.documented_configurations
    monkeypatch.setattr(comparability, "documented_configurations", whole)
    run = make_run(tmp_path, Synthetic(tasks=("RTE",), batch_sizes=batch_sizes))
    run.write_run(run.run() | {"partial": {"RTE": "a part is there"}})
    cell = next(c for c in verdict_table(run.path) if c.column.task == "RTE")
    assert (cell.verdict, cell.why) == ("not comparable", f"a part is there{also}")
