"""What is shown, bounded and open, in words, for one pair and for several."""

import re
from dataclasses import replace
from types import SimpleNamespace

from suite.masking_summary import masking_summary, on_parts, yardstick_words
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
    assert "the two of a pair alike but for masking, on 5 scores of 5 tasks" in said
    assert "something other than masking" not in said
    assert "other pre-training seeds and dev examples. " in said
    assert "2 intervals are off zero (" in said
    assert (
        "A difference is shown, after Holm's correction over all 5 rows of the table: "
        "RTE accuracy +2.0 [+1.0, +3.0], whole word better. Not shown after "
    ) in said
    assert "as much: MRPC accuracy -2.0 [-3.9, -0.1], WordPiece better. " in said
    # MNLI's published effect holds QNLI, and CoLA's own margin CoLA; WNLI has none.
    assert "bounded on 2: QNLI accuracy within ±1.02 (published" in said
    assert "CoLA matthews within ±6.3 (the task's margin)" in said
    assert said.endswith("Nothing can be told on 1: WNLI accuracy.")
    assert not re.search(r"\bp\b|None|nan", said)


def test_one_pair_is_about_two_checkpoints():
    (said,) = masking_summary([row(2.0, low=1.0, high=3.0)], sample=False)
    assert "in one pair of pre-trainings**, alike but for masking, on" in said
    assert "allow for other fine-tuning seeds and dev examples; what follows is" in said
    assert "about these two checkpoints, and another pre-training seed" in said


def test_one_pair_of_one_fine_tuning_seed_is_about_its_trials():
    one = row(2.0, low=1.0, high=3.0, seeds=1)
    (said,) = masking_summary([one], sample=False)
    assert "allow for other dev examples; what follows is about these very" in said
    assert "another fine-tuning seed may turn it around" in said
    assert len(masking_summary([one, row(0.0, low=-1.0, high=1.0)], sample=False)) == 2
    # Of several pairs the pre-trainings differ, and with them what a seed does.
    pairs = [row(1.0, 2.0, low=-5.0, high=8.0, seeds=seeds) for seeds in (1, 2)]
    assert len(masking_summary(pairs, sample=False)) == 1


def test_pairs_of_which_no_record_says_how_they_were_made():
    rows = [row(2.0, low=1.0, high=3.0, known=False), replace(SURE, known=False)]
    several, single = masking_summary(rows, sample=False)
    for said in (several, single):
        assert "not known to be alike but for masking, on" in said
        assert "may be due to something other than masking. " in said
        assert not re.search(r"(pair|\*\*,) alike but", said)
    assert len(masking_summary([SURE, *rows], sample=False)) == 3


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


def test_a_bound_beyond_all_that_was_learnt_says_nothing():
    """CoLA's margin is 6.3 points: so much is lost by answering always the same."""
    one = {"low": -5.0, "high": 6.0, "task": "CoLA", "metric": "matthews"}
    low = row(0.0, 0.2, **one, wordpiece=0.062, whole_word=0.063)
    (said,) = masking_summary([low], sample=False)
    assert said.endswith("Nothing can be told on 1: CoLA matthews.")
    assert "No higher than a constant answer" not in said
    high = replace(low, wordpiece=0.064, whole_word=0.065)
    assert "bounded on 1: CoLA" in masking_summary([high], sample=False)[0]


def test_scores_below_a_constant_answer_are_named():
    one = row(0.0, 0.2, low=-0.9, high=1.0, constant=0.5)
    (said,) = masking_summary([one, SURE], sample=False)
    assert "No higher than a constant answer, under one masking at least: RTE" in said
    assert "bounded" not in said


def test_masks_that_are_fixed_are_drawn_with_other_sentence_pairs():
    rows = [row(2.0, low=1.0, high=3.0, fixed=True), replace(SURE, fixed=True)]
    several, single = masking_summary(rows, sample=False)
    for said in (several, single):
        assert "alike but for masking and the sentence pairs that were drawn" in said
    assert len(masking_summary([SURE, *rows], sample=False)) == 3


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


def test_tasks_of_which_a_part_was_at_hand_are_named():
    partial = {"QNLI": "QNLI: 5 rows of 10", "MNLI": "MNLI: none of these rows"}
    run = SimpleNamespace(masking=SEVERAL, run={"partial": partial})
    assert on_parts(run) == "Not GLUE's whole train split: QNLI: 5 rows of 10."
    assert on_parts(SimpleNamespace(masking=[SURE], run={"partial": partial})) == ""
    assert on_parts(SimpleNamespace(masking=SEVERAL, run={})) == ""
