"""Masked-LM metrics of two maskings: what is paired, and the words of the table."""

import json

import pytest

from suite.masked_lm_effect import checkpoint_differences, recorded_differences
from suite.masked_lm_summary import masked_lm_summary
from suite.masking_tables import masked_lm_rows


def record(folder, name, metrics, **changes):
    """A pre-training as it is recorded; `metrics` by trial name."""
    run = {
        "model": "BERT-Tiny",
        "trials": list(metrics),
        "text": [{"files": ["a"], "num_train_steps": 10, "batch_size": 32}],
        "instances": 100,
        "settings": {"learning_rate": 5e-4},
        "held_out": [
            {"masked_lm_accuracy": accuracy, "masked_lm_loss": 10 * (1 - accuracy)}
            for accuracy in metrics.values()
        ],
    }
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps(run | changes))


def test_pairs_by_seed_over_records(tmp_path):
    record(tmp_path, "one", {"wordpiece_seed1": 0.10, "whole-word_seed1": 0.12})
    record(tmp_path, "two", {"wordpiece_seed2": 0.11, "wordpiece_seed3": 0.5})
    record(tmp_path, "wide", {"whole-word_seed2": 0.15, "seed4": 0.9})
    accuracy, loss = recorded_differences(tmp_path)
    assert accuracy.seeds == (1, 2)
    assert accuracy.over.differences == pytest.approx((0.02, 0.04))
    assert (accuracy.wordpiece, accuracy.whole_word) == pytest.approx((0.105, 0.135))
    assert accuracy.records == ("one", "two", "wide")
    assert loss.over.differences == pytest.approx((-0.2, -0.4))
    text = masked_lm_rows([accuracy, loss], sample=False)
    # Student's t with one degree of freedom: 12.71 times 1 / sqrt(2) * sqrt(2).
    assert (
        "| masked-LM accuracy | each its own | 10.50 | 13.50 | +3.00 | 1, 2 | 2 |"
        in text
    )
    assert "[-9.71, +15.71]" in text
    assert "0.5 (0.5)" in text


def test_models_measured_on_the_same_hidden_tokens(tmp_path):
    own = {"masked_lm_loss": 6.0, "masked_lm_loss_wordpiece": 6.0}
    other = {"masked_lm_loss": 5.9, "masked_lm_loss_wordpiece": 6.2}
    trials = {"wordpiece_seed1": 0, "whole-word_seed1": 0}
    record(tmp_path, "one", trials, held_out=[own, other])
    each, same = recorded_differences(tmp_path)
    assert (each.hidden_by, same.hidden_by) == (None, "wordpiece")
    assert same.over.mean == pytest.approx(0.2)
    text = masked_lm_rows([each, same], sample=False)
    assert "| masked-LM loss | each its own | 6.000 | 5.900 | -0.100 |" in text
    assert "| masked-LM loss | WordPiece, for both | 6.000 | 6.200 | +0.200 |" in text


def test_pairs_that_were_not_measured_in_a_metric_are_left_out_of_its_row(tmp_path):
    trials = {"wordpiece_seed1": 0, "whole-word_seed1": 0}
    both = [{"masked_lm_loss": 6.0, "masked_lm_loss_wordpiece": 6.0}] * 2
    record(tmp_path, "new", trials, held_out=both)
    old = {"wordpiece_seed2": 0, "whole-word_seed2": 0}
    record(tmp_path, "old", old, held_out=[{"masked_lm_loss": 6.1}] * 2)
    each, same = recorded_differences(tmp_path)
    assert (each.seeds, same.seeds) == ((1, 2), (1,))
    assert (each.records, same.records) == (("new", "old"), ("new",))


def measured(folder, seeds, *, same=True):
    """Pairs whose own difference is −0.1 and −0.2, and 0.01 on the same tokens."""
    trials, held_out = {}, []
    for number, seed in enumerate(seeds):
        for masking, own, shared in (
            ("wordpiece", 6.0, 6.0),
            ("whole-word", 5.9 - 0.1 * number, 6.01),
        ):
            trials[f"{masking}_seed{seed}"] = 0
            hidden = {
                f"masked_lm_loss_{m}": shared for m in ("wordpiece", "whole-word")
            }
            held_out.append({"masked_lm_loss": own} | (hidden if same else {}))
    record(folder, f"{seeds}", trials, held_out=held_out)


def test_the_summary_says_both_what_is_hidden_by_each_and_by_one(tmp_path):
    measured(tmp_path, (1, 2))
    (said,) = masked_lm_summary(recorded_differences(tmp_path))
    # Student's t of one degree of freedom: 12.71 times 0.05.
    assert "over 2 pairs of pre-trainings: -0.150 [-0.785, +0.485]. That" in said
    assert (
        "over 2 pairs: +0.010 [+0.010, +0.010] where WordPiece masking hid "
        "them, and +0.010 [+0.010, +0.010] where whole-word masking did." in said
    )


def test_the_summary_says_nothing_of_one_pair_or_without_the_same_tokens(tmp_path):
    measured(tmp_path, (1,))
    assert masked_lm_summary(recorded_differences(tmp_path)) == []
    measured(tmp_path, (2, 3), same=False)
    assert masked_lm_summary(recorded_differences(tmp_path)) == []


def test_what_differs_in_more_than_masking_is_no_pair(tmp_path):
    record(tmp_path, "one", {"wordpiece_seed1": 0.1})
    record(tmp_path, "model", {"whole-word_seed1": 0.1}, model="BERT-Mini")
    record(tmp_path, "settings", {"whole-word_seed1": 0.1}, settings={})
    record(tmp_path, "text", {"whole-word_seed1": 0.1}, text=[])
    record(tmp_path, "stopped", {"whole-word_seed1": 0.1}, instances=None)
    record(tmp_path, "seed", {"whole-word_seed2": 0.1})
    assert recorded_differences(tmp_path) == []


def test_one_pair_has_dashes_for_what_it_cannot_say(tmp_path):
    record(tmp_path, "one", {"wordpiece_seed1": 0.10, "whole-word_seed1": 0.12})
    text = masked_lm_rows(recorded_differences(tmp_path), sample=False)
    assert "| +2.00 | 1 | 1 | – | – | 1 (1) | `one` |" in text


def checkpoint(masking, seed, accuracy, **changes):
    made = {
        "corpus": ["a"],
        "settings": {"seed": seed, "batch_size": 32},
        "held_out": {"masked_lm_accuracy": accuracy},
    }
    about = {"name": "BERT-Tiny", "masking": masking, "sha256": f"{masking}{seed}" * 9}
    return about | {"pretraining": made} | changes


def test_checkpoints_of_a_run():
    given = [
        checkpoint("wordpiece", 1, 0.1),
        checkpoint("whole-word", 1, 0.3),
        checkpoint("whole-word", 2, 0.9),
        checkpoint("wordpiece", 2, 0.9, pretraining={}),
        checkpoint(None, 3, 0.9),
    ]
    (accuracy,) = checkpoint_differences(given)  # no loss was kept
    assert accuracy.metric == "masked_lm_accuracy"
    assert accuracy.over.differences == pytest.approx((0.2,))
    assert accuracy.records == ("wordpiece1wo", "whole-word1w")
    assert checkpoint_differences(given[:1]) == []
