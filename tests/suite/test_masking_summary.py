"""What is shown, bounded and open, in words, for one pair and for several."""

import re

from suite.masking_summary import masking_summary, yardstick_words
from suite.whole_word_effect import published_effect
from tests.suite.masking_grids import row

SURE = row(1.8, 2.2, low=1.0, high=3.0, p=0.01)
UNSURE = row(-1.8, -2.2, low=-3.9, high=-0.1, p=0.2, task="MRPC")
SMALL = row(0.0, 0.2, low=-0.9, high=1.0, p=1.0, task="QNLI")
WITHIN_MARGIN = row(0.0, 0.2, low=-5.0, high=6.0, task="CoLA", metric="matthews")
OPEN = row(0.0, 0.2, low=-5.0, high=6.0, p=1.0, task="WNLI")
SEVERAL = [SURE, UNSURE, SMALL, WITHIN_MARGIN, OPEN]


def test_several_pairs():
    (said,) = masking_summary(SEVERAL, sample=False)
    assert said.startswith("**Whole-word against WordPiece masking over 2 pairs of")
    assert "on 5 scores of 5 tasks" in said
    assert "other pre-training seeds and for other dev examples" in said
    assert "A difference is shown on 2 (" in said
    assert (
        "Still shown after Holm's correction over all 5 rows of the table: RTE "
        "accuracy +2.0 [+1.0, +3.0], whole word better. "
    ) in said
    assert "be chance: MRPC accuracy -2.0 [-3.9, -0.1], WordPiece better. " in said
    # MNLI's published effect holds QNLI, and CoLA's own margin CoLA; WNLI has none.
    assert "bounded on 2: QNLI accuracy within ±1.02 (published" in said
    assert "CoLA matthews within ±6.3 (the task's margin)" in said
    assert said.endswith("Nothing can be told on 1: WNLI accuracy.")
    assert not re.search(r"\bp\b|None|nan", said)


def test_one_pair_is_about_two_checkpoints():
    (said,) = masking_summary([row(2.0, low=1.0, high=3.0)], sample=False)
    assert "in one pair of pre-trainings" in said
    assert "about these two checkpoints" in said
    assert "seeds and for other dev" not in said


def test_one_pair_and_several_are_kept_apart_and_corrected_together():
    rows = [*SEVERAL, row(2.0, low=1.0, high=3.0, p=0.02, model="BERT-Mini")]
    several, single = masking_summary(rows, sample=False)
    assert "BERT-Mini" not in several
    assert "over all 6 rows" in several
    assert "on 1 score of 1 task" in single
    assert "BERT-Mini RTE accuracy +2.0" in single
    assert "over all 6 rows" in single


def test_collapsed_models_bound_nothing():
    """Models that answer alike whatever they read do not differ."""
    gone = row(0.0, 0.0, low=0.0, high=0.0, degenerate=40, p=1.0)
    (said,) = masking_summary([gone], sample=False)
    assert "bounded" not in said
    assert "told on 1: RTE accuracy (40 of 80 trials degenerate)." in said
    (said,) = masking_summary(
        [row(0.0, 0.0, low=0.0, high=0.0, degenerate=39, p=1.0)], sample=False
    )
    assert "bounded on 1" in said
    assert "shown on none" in said


def test_rows_are_named_by_model_where_there_are_several():
    other = row(0.0, 0.2, low=-9.0, high=9.0, model="BERT-Mini", tried=3)
    (said,) = masking_summary([SURE, other], sample=False)
    assert "BERT-Tiny RTE accuracy" in said
    assert "told on 1: BERT-Mini RTE accuracy." in said
    more = row(0.0, 0.2, 0.1, low=-9.0, high=9.0)
    assert "over 2 to 3 pairs of" in masking_summary([SURE, more], sample=False)[0]


def test_the_yardstick_says_where_it_is_from():
    said = yardstick_words(published_effect())
    assert "+1.02 points uncased and +0.37 cased; in SQuAD F1 it was +1.8" in said
    assert "google-research/bert README.md" in said


def test_nothing_is_said_of_nothing():
    assert masking_summary([], sample=False) == []


def test_on_sample_tasks_nothing_published_bounds_anything():
    (said,) = masking_summary(SEVERAL, sample=True)
    assert "bounded" not in said
    assert "told on 3: QNLI accuracy, CoLA matthews, WNLI accuracy." in said
