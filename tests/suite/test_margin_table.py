"""Margins with their reasons, and which of them can be reached."""

import math

import pytest

from suite.margin_table import half_way_to_next, margin_rows, published_uncertainty
from suite.published import load_margins, margin_reasons


def row(task, metric):
    (found,) = [r for r in margin_rows().split("\n") if f"| {task} | {metric} |" in r]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_every_margin_is_there_and_the_common_reason_once():
    for (task, metric), margin in load_margins().items():
        assert row(task, metric)[2] == f"±{margin:.1f}"
    wnli = row("WNLI", "accuracy")
    assert (wnli[2], wnli[5]) == ("–", "–")
    assert wnli[6].startswith("all four published models score alike")
    assert margin_rows().count("a sixth of the step") == 1
    assert row("MNLI", "accuracy")[6] == "mean of matched and mismatched"
    assert set(margin_reasons()) == {*load_margins(), ("WNLI", "accuracy")}


def test_a_published_number_is_as_uncertain_as_its_test_set_is_small():
    """57.2 of 3,000 examples: a binomial's standard deviation, 1.645 of them."""
    binomial = 100 * math.sqrt(0.572 * 0.428 / 3000)
    found = published_uncertainty("RTE", "accuracy")
    assert found == pytest.approx(1.645 * binomial, rel=1e-3)
    assert published_uncertainty("Score", "score") is None


def test_which_margins_can_be_reached():
    assert row("RTE", "accuracy")[4:6] == ["±1.5", "no"]
    assert row("MNLI", "accuracy")[4:6] == ["±0.8", "not ruled out"]
    assert row("Score", "score")[4:6] == ["–", "–"]


def test_the_step_to_the_next_size_stands_beside():
    """MRPC: 71.1 and 71.8; MNLI: 70.2 and 74.8, 70.3 and 74.3; CoLA: 0.0 twice."""
    assert row("QNLI", "accuracy")[3] == "1.3"
    assert half_way_to_next("MRPC", "accuracy") == pytest.approx(0.35)
    assert half_way_to_next("MNLI", "accuracy") == pytest.approx((4.6 + 4.0) / 4)
    assert row("CoLA", "matthews")[3] == "0.0"
