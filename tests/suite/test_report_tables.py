"""Sources of error, each in its place, and margins with their reasons."""

import math
from dataclasses import replace

import pytest
from scipy import stats

from suite.cells import Cell
from suite.published import SCORE, TableColumn
from suite.report_tables import source_rows
from suite.statistics import Spread
from suite.verdicts import verdict_table
from tests.suite import synthetic

RTE = Cell(
    checkpoint="a",
    model="BERT-Tiny",
    masking="wordpiece",
    column=TableColumn("RTE", "accuracy", "test"),
    published=57.2,
    decimals=1,
    spread=Spread(2.0, 1.0, 0.5, 0.3, 0.05, 7),
    selection=4.0,
    optimism=3.21,
    seeds=1,
    examples=2770,
)


def test_each_source_has_its_column_and_all_add_up():
    together = math.sqrt(2.0**2 + 1 + 4.0**2 + 0.5**2 + 0.3**2 + 0.05**2 / 3)
    text = source_rows([RTE, replace(RTE, spread=None)], sample=False)
    assert text.count("\n") == 3
    assert (
        f"| RTE | accuracy | 2.00 | 1.00 | 4.00 | 0.50 | 0.30 | 0.03 | {together:.2f} "
        "| 7 degrees of freedom | +3.2 | 2,770 examples, 1 seed |"
    ) in text


def test_what_is_not_there_is_a_dash():
    normal = replace(RTE.spread, seed_freedom=math.inf)
    bare = replace(RTE, selection=0.0, optimism=None, seeds=None, examples=None)
    bare = replace(bare, spread=normal)
    text = source_rows([replace(bare, column=SCORE)], sample=False)
    assert (
        "| Score | score | 2.00 | 1.00 | – | 0.50 | 0.30 | 0.03 | 2.31 | – | – | – |"
        in text
    )
    assert source_rows([replace(RTE, spread=None)], sample=False) == ""


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_sources_of_a_run_make_up_its_interval(tmp_path, seeds):
    """Within five standard errors of an interval from 1,000 draws.

    Each end of it is a quantile, whose error is sqrt(0.025 * 0.975 / 1000) over the
    normal density there, 0.0584; the two make 3.1 % of the width of 3.92.
    """
    options = synthetic.Synthetic(tasks=("RTE",), test_labels=("RTE",), seeds=seeds)
    run = synthetic.make_run(tmp_path, options)
    (cell,) = [c for c in verdict_table(run.path) if c.spread]
    assert (cell.selection, cell.optimism) == (0.0, None)
    assert (cell.seeds, cell.examples) == (seeds, 3000)
    width = (cell.high - cell.low) / (2 * 1.96)
    error = 5 * math.sqrt(2 * 0.025 * 0.975 / 1000) / 0.0584 / 3.92
    # Student's t of the seeds makes it wider than the normal: at most as if all were t.
    wider = stats.t.isf(0.025, cell.spread.seed_freedom) / 1.96
    assert wider > 1
    assert 1 - error < width / cell.spread.total < wider * (1 + error)


def test_choosing_is_a_source_on_dev_and_no_part_of_theirs(tmp_path):
    run = synthetic.make_run(tmp_path, synthetic.Synthetic(tasks=("RTE",)))
    (cell,) = [c for c in verdict_table(run.path) if c.spread]
    assert cell.selection > 0
    assert cell.optimism > 0
    # The examples of RTE alone, 277 here and 3,000 there; a standard deviation of
    # 1,000 draws is known to 1 / sqrt(2 * 1000): five of these.
    ours = 100 * math.sqrt(cell.ours / 100 * (1 - cell.ours / 100) / 277)
    assert abs(cell.spread.our_examples / ours - 1) < 5 / math.sqrt(2 * 1000)
    ratio = math.sqrt(277 / 3000)
    theirs = cell.spread.our_examples * ratio
    assert cell.spread.published_examples == pytest.approx(theirs)
