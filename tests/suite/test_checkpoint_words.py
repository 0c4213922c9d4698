"""How a report names its checkpoints."""

import pytest

from suite.checkpoint_words import described, title


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, "BERT-Tiny, wordpiece masking"),
        ({"seed": None}, "BERT-Tiny, wordpiece masking"),
        ({"seed": 3}, "BERT-Tiny, wordpiece masking, pre-training seed 3"),
        ({"masking": None}, "BERT-Tiny"),
    ],
)
def test_pretrainings_of_several_seeds_have_titles_of_their_own(changes, named):
    assert title({"name": "BERT-Tiny", "masking": "wordpiece"} | changes) == named


def test_a_checkpoint_of_which_no_masking_is_known_has_none_in_its_words():
    one = {"name": "BERT-Tiny", "masking": None, "description": "uncased_L-2"}
    assert (title(one), described(one)) == ("BERT-Tiny", "BERT-Tiny, uncased_L-2")
    assert described({"name": "T", "masking": "wordpiece"}) == "T, wordpiece masking"
