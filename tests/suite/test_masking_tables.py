"""What the rows of the masking tables show, with one pair of pre-trainings and two."""

import numpy as np

from suite.masked_lm_effect import MaskedLmDifference
from suite.masking_tables import masked_lm_rows, masking_rows
from suite.pretraining_pairs import over_pairs
from tests.suite.masking_grids import row


def test_one_pair_is_of_two_checkpoints():
    """By hand: 1 point of error is seen at (1.96 + 0.84) points, and 1.02 points above
    it with probability 1 - Φ(1.96 - 1.02) = 0.174, 0.37 with 1 - Φ(1.59) = 0.056."""
    one = row(2.0, low=-1.0, high=5.0, error=0.01, degenerate=3, seeds=1)
    assert masking_rows([one], sample=False).endswith(
        "| BERT-Tiny | RTE | accuracy | 50.0 | 52.0 | 0.0 | +2.0 [-1.0, +5.0] | 0.2 "
        "| 1 | 1 (1) | ±2.8 | 17 % / 6 % | 20 | 1 | 2,770 | 3 of 80 |\n"
    )


def test_two_pairs_see_little_and_those_left_out_are_counted():
    """By hand: the effect seen four times in five with one degree of freedom is 16.33
    standard errors, as the test of suite/power.py tries out."""
    two = row(1.0, 3.0, low=-10.7, high=14.7, tried=3)
    text = masking_rows([two], sample=False)
    assert "| +2.0 [-10.7, +14.7] | 0.2 | 2 of 3 | 0.5 (0.5) | ±16.3 | " in text
    assert "| Chance to see +1.0 / +0.4 |" in text


def test_one_pair_sees_with_its_fine_tuning_seeds():
    """As two pairs do: two seeds have one degree of freedom."""
    text = masking_rows([row(2.0, low=-9.0, high=13.0, seeds=2)], sample=False)
    assert "| 1 (1) | ±16.3 | " in text


def test_a_p_at_the_floor_may_be_less():
    least = row(2.0, low=1.0, high=3.0, p=0.013, at_floor=True)
    assert "| +2.0 [+1.0, +3.0] | < 0.013 | 1 |" in masking_rows([least], sample=False)


def test_pairs_that_may_not_be_any_are_marked():
    rows = [
        row(1.0, low=-1.0, high=3.0, known=False),
        row(1.0, 3.0, low=-10.7, high=14.7, tried=3, known=False),
    ]
    text = masking_rows(rows, sample=False)
    assert "| 1, not known to be alike |" in text
    assert "| 2 of 3, not known to be alike |" in text


def test_collapsed_models_could_show_nothing():
    none = row(0.0, low=0.0, high=0.0, error=0.0, degenerate=80)
    text = masking_rows([none], sample=False)
    assert text.endswith("| – | – / – | 20 | 2 | 2,770 | 80 of 80 |\n")


def test_accuracy_is_in_points_and_loss_as_it_is():
    rows = [
        MaskedLmDifference(
            "BERT-Tiny",
            ("one",),
            metric,
            (1,),
            one,
            other,
            over_pairs([other - one], np.random.default_rng(0)),
        )
        for metric, one, other in (
            ("masked_lm_accuracy", 0.1234, 0.1),
            ("masked_lm_loss", 6.1234, 6.5),
        )
    ]
    text = masked_lm_rows(rows, sample=False)
    assert "| masked-LM accuracy | each its own | 12.34 | 10.00 | -2.34 | 1 |" in text
    assert "| masked-LM loss | each its own | 6.123 | 6.500 | +0.377 | 1 |" in text
