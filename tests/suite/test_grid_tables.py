"""The tables of a grid: each configuration in its place, fates named, choices told."""

import re
from dataclasses import replace

import numpy as np
import pytest

from suite.estimates import choose, generator_for
from suite.grid_tables import choice_rows, grid_rows, grid_trial_rows
from suite.grids import load_grids
from tests.suite import synthetic


@pytest.fixture
def grid(tmp_path):
    options = synthetic.Synthetic(
        tasks=("RTE",), batch_sizes=(8, 16), learning_rates=(3e-4, 1e-4), fail=1
    )
    (found,) = load_grids(synthetic.make_run(tmp_path, options)).values()
    return found


@pytest.fixture
def choice(grid):
    return choose(grid, generator_for("test"))


def test_scores_and_trials_stand_in_the_same_places(grid, choice):
    scores = grid_rows(grid, choice, sample=False).splitlines()
    ids = grid_trial_rows(grid, sample=False).splitlines()
    assert scores[0] == ids[0] == "| Batch size | lr 0.0003 | lr 0.0001 |"
    assert scores[2].startswith("| 8 | failed | ")
    by_id = {record.trial.id: record for record in grid.records}
    for shown, named in zip(scores[2:], ids[2:], strict=True):
        cells = re.split(r" ?\| ?", shown)[2:-1]
        for cell, trial_id in zip(cells, re.findall("`(.*?)`", named), strict=True):
            score = by_id[trial_id].scores.get("dev", {}).get("accuracy")
            assert cell.strip("*") == (f"{100 * score:.1f}" if score else "failed")


def test_the_choice_is_bold_and_told(grid, choice):
    assert grid_rows(grid, choice, sample=False).count("**") == 2
    assert grid_rows(grid, None, sample=False).count("**") == 0
    text = choice_rows({"RTE": choice}, sample=False)
    assert f"| RTE | {choice.configuration} |" in text
    assert "On fresh seeds" not in text


@pytest.mark.parametrize(
    ("scores", "shown"),
    [((0.5,), "50.0 (1 seed)"), ((0.5, 0.6), "55.0 ± 7.1 (2 seeds)")],
)
def test_fresh_seeds_have_a_column_of_their_own(choice, scores, shown):
    repeated = replace(choice, repeated=np.array(scores))
    lines = choice_rows({"A": repeated, "B": choice}, sample=False).splitlines()
    assert lines[0].endswith("| Trials | On fresh seeds |")
    assert lines[2].endswith(f"| {shown} |")
    assert lines[3].endswith("| – |")
