"""What the rows of the masking tables show, with one pair of pre-trainings and two."""

from suite.masked_lm_effect import MaskedLmDifference
from suite.masking_effect import MaskingDifference
from suite.masking_tables import masked_lm_rows, masking_rows
from suite.pretraining_pairs import over_pairs


def on_rte(*differences):
    return MaskingDifference(
        model="BERT-Tiny",
        task="RTE",
        metric="accuracy",
        wordpiece=0.5,
        whole_word=0.5 + sum(differences) / len(differences),
        low=-0.01,
        high=0.05,
        configurations=20,
        examples=2770,
        over=over_pairs(differences),
        trial_ids=(),
    )


def test_one_pair_leaves_dashes():
    assert masking_rows([on_rte(0.02)], sample=False).endswith(
        "| BERT-Tiny | RTE | accuracy | 50.0 | 52.0 | +2.0 [-1.0, +5.0] | 20 | 2,770 "
        "| 1 | – | – | 1 (1) |\n"
    )


def test_two_pairs_have_an_interval_that_shows_how_little_they_see():
    """By hand: a standard error of 1 point, times Student's 12.71; the effect seen four
    times in five with one degree of freedom is 16.33 of them, as the test of
    suite/power.py tries out."""
    assert masking_rows([on_rte(0.01, 0.03)], sample=False).endswith(
        "| 2 | [-10.7, +14.7] | ±16.3 | 0.5 (0.5) |\n"
    )


def test_accuracy_is_in_points_and_loss_as_it_is():
    rows = [
        MaskedLmDifference(
            "BERT-Tiny", ("one",), metric, (1,), one, other, over_pairs([other - one])
        )
        for metric, one, other in (
            ("masked_lm_accuracy", 0.1234, 0.1),
            ("masked_lm_loss", 6.1234, 6.5),
        )
    ]
    text = masked_lm_rows(rows, sample=False)
    assert "| masked-LM accuracy | 12.34 | 10.00 | -2.34 | 1 |" in text
    assert "| masked-LM loss | 6.123 | 6.500 | +0.377 | 1 |" in text
