"""How a report names its checkpoints."""

import pytest

from suite.reported_run import title


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
