"""The paragraphs on top say what was run, beside what, and what does not follow."""

import json
import re
from dataclasses import replace

import pytest

from reference.errors import InputError
from suite.report_summary import summary
from suite.reported_run import read_run
from tests.suite import synthetic

SMALL_GRID = {"batch_sizes": (8, 16), "learning_rates": (3e-4, 1e-4)}
HOW = "pre-trained here on fiction.txt: 10 steps of 32, accuracy 0.1"
MADE_HERE = {
    "description": HOW,
    "origin": {"kind": "pre-trained here"},
    "pretraining": {"settings": {"num_train_steps": 10}},
}
PUBLISHED = {"description": "uncased_L-2_H-128_A-2", "pretraining": {}}
FETCHED = PUBLISHED | {
    "origin": {
        "kind": "fetched",
        "release": "uncased_L-2_H-128_A-2",
        "address": "https://there/uncased_L-2_H-128_A-2.zip",
        "sha256": "f" * 64,
    }
}
OF_ITS_SHAPE = PUBLISHED | {"origin": {"kind": "shape"}}


@pytest.fixture
def said(tmp_path):
    """A function: what is said of the checkpoints and options -> the paragraphs."""

    def paragraphs(about=None, **options):
        run = synthetic.make_run(tmp_path, synthetic.Synthetic(**options))
        if about:
            path = run.path / "run.json"
            values = json.loads(path.read_text())
            for checkpoint in values["checkpoints"]:
                checkpoint.update(about)
            path.write_text(json.dumps(values))
        found = read_run(run.path)
        text = "\n\n".join(summary(found, found.masking))
        assert not re.search(r"\b(nan|None|inf)\b", text)
        return text

    return paragraphs


def far_off(**options):
    """A run of which every cell differs from what is published."""
    checkpoint = synthetic.Checkpoint(skill=0.05)
    tasks = {"tasks": ("SST-2",), "test_labels": ("SST-2",)}
    return {"checkpoints": (checkpoint,), **tasks, **SMALL_GRID, **options}


def test_a_checkpoint_made_here_is_no_word_on_the_published_one(said):
    text = said(MADE_HERE, **far_off())
    assert f"BERT-Tiny (wordpiece masking) was {HOW}." in text
    assert "It is **not a published checkpoint** but has the shape of BERT-Tiny" in text
    assert "1 differs" in text
    assert "as published: not tested (pre-trained here, not the published" in text
    assert "Not that BERT-Tiny cannot be reproduced, nor that it can" in text
    assert "not reproduced" not in text


def test_a_published_checkpoint_that_differs_is_not_reproduced(said):
    text = said(PUBLISHED, **far_off())
    assert "is said by who ran it to be the published BERT-Tiny (uncased_L-2" in text
    assert "BERT-Tiny as published: not reproduced (SST-2 accuracy differs)" in text
    assert "Not that BERT-Tiny" not in text


def test_what_was_fetched_is_the_published_one(said):
    text = said(FETCHED, **far_off())
    assert (
        "BERT-Tiny (wordpiece masking) was fetched from "
        f"https://there/uncased_L-2_H-128_A-2.zip, SHA-256 `{'f' * 64}`, as the "
        "published BERT-Tiny."
    ) in text
    assert "BERT-Tiny as published: not reproduced (SST-2 accuracy differs)" in text


def test_a_shape_is_no_evidence(said):
    """The cells are judged, and nothing follows for the published row."""
    text = said(OF_ITS_SHAPE, **far_off())
    assert (
        "BERT-Tiny (wordpiece masking) has the shape of BERT-Tiny; nothing else says "
        "that it is the published one (uncased_L-2_H-128_A-2)."
    ) in text
    assert "1 differs" in text
    assert "as published: not tested (nothing but its shape says" in text
    assert "`--published-as BERT-Tiny`" in text
    assert "`python -m suite fetch checkpoint BERT-Tiny`" in text
    assert "not reproduced" not in text
    assert "Not that BERT-Tiny" not in text  # it may be the published one


def test_what_is_compared_is_said_with_its_splits(said):
    text = said(**far_off(tasks=("SST-2", "RTE")))
    assert "2 numbers beside the row BERT-Tiny of google-research/bert" in text
    assert "SST-2 on the same test examples; RTE on other examples" in text
    assert "The largest difference is SST-2 accuracy: -" in text
    assert "how much seeds matter is guessed" in text


def test_four_seeds_are_not_guessed(said):
    text = said(**far_off(seeds=4))
    assert "**How sure.**" in text
    assert "how much seeds matter is guessed" not in text


def test_inconclusive_is_not_equal(said):
    skill = 2 * 0.572 - 1  # as accurate as published on RTE
    checkpoints = (synthetic.Checkpoint(skill=skill),)
    text = said(tasks=("RTE",), checkpoints=checkpoints, **SMALL_GRID)
    assert "BERT-Tiny as published: inconclusive (1 cell not settled)" in text
    assert "*Inconclusive* does not mean equal" in text
    assert "a small gap there may be the split's" in text


def test_sample_data_are_said_first_and_nothing_is_concluded(said):
    text = said(MADE_HERE, tasks=("RTE",), sample=True, rows=71, **SMALL_GRID)
    assert text.startswith("**Sample tasks, not comparable")
    assert "No cell of 15 allows a comparison" in text
    assert "**How sure.**" not in text
    assert "GLUE" not in text


def test_one_pair_of_maskings_says_nothing_of_masking(said):
    checkpoints = (synthetic.Checkpoint(), synthetic.WHOLE_WORD)
    text = said(tasks=("RTE",), checkpoints=checkpoints, **SMALL_GRID)
    assert "in one pair of pre-trainings, not known to be alike but for masking" in text
    assert "these very trials only: another fine-tuning seed may turn it around" in text
    assert "Not that masking is what makes a difference between checkpoints" in text
    assert "Not that one masking is better" in text
    assert "each, and in this run there is one." in text


def test_one_pair_on_several_seeds_is_about_two_checkpoints(said):
    alike = {"pretraining": MADE_HERE["pretraining"]}
    checkpoints = (synthetic.Checkpoint(), synthetic.WHOLE_WORD)
    options = {"tasks": ("RTE",), "checkpoints": checkpoints, "seeds": 2}
    text = said(alike, **options, **SMALL_GRID)
    assert (
        "in one pair of pre-trainings, alike but for masking and the sentence" in text
    )
    assert "fine-tuning seeds and dev examples explain, 0 of them after Holm's" in text
    assert "correction too, which is about these two checkpoints only" in text
    assert "not known to be alike" not in text


def pair_of_each(seed):
    return [
        synthetic.Checkpoint(sha256=f"{seed}" * 64, published_as=None),
        replace(synthetic.WHOLE_WORD, sha256=f"{seed + 5}" * 64, skill=0.7),
    ]


def test_several_pairs_carry_seeds_and_examples(tmp_path):
    """Two pairs on one task, one of them on another, too."""
    checkpoints = (*pair_of_each(1), *pair_of_each(2))
    options = synthetic.Synthetic(
        tasks=("RTE",), checkpoints=checkpoints, rows=71, sample=True, **SMALL_GRID
    )
    found = read_run(synthetic.make_run(tmp_path, options).path)
    text = "\n\n".join(summary(found, found.masking))
    assert "over 2 pairs of pre-trainings, the two of a pair not known to be" in text
    assert "pre-training seeds and dev examples explain, 0 of them after Holm's" in text
    assert "nor that two are alike where no difference is shown" in text
    assert "there is one" not in text
    one = replace(found.masking[0], task="MRPC", differences=(0.1,))
    text = "\n\n".join(summary(found, [*found.masking, one]))
    assert "over 2 pairs of pre-trainings" in text
    assert "in one pair of pre-trainings" in text
    assert "there is one of BERT-Tiny on MRPC." in text


def test_of_a_run_without_trials_nothing_is_said(said):
    with pytest.raises(InputError, match="expected trials, found none yet"):
        said(tasks=())
