"""What a worker does with a stack, on a model of one layer and tasks of 48 rows."""

from dataclasses import replace

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from suite.metrics import predictions_from_logits
from suite.sources import entries
from suite.sweep import Grid, stacks_of
from suite.tasks import TASKS
from suite.trials import Sources, Stack, degeneracy, run_stack, scored_splits
from tests.reference.float32 import tolerance
from tests.suite.miniature import CONFIG, ROWS, write_checkpoint_to


def stack_with(miniature, learning_rates, epochs=1, **other_sources) -> Stack:
    """A stack on SST-2 with these learning rates, 3 steps an epoch."""
    glue = replace(miniature.glue, tasks=("SST-2",))
    (entry,) = entries([miniature.checkpoint], glue)
    (stack,) = stacks_of(entry, Grid((16,), tuple(learning_rates), epochs=epochs))
    return replace(stack, sources=replace(entry.sources, **other_sources))


def run(stack: Stack):
    return run_stack(stack, lambda said: None)


def test_a_trial_is_scored_from_its_own_predictions(miniature):
    stack = stack_with(miniature, [1e-3])
    (result,) = run(stack)
    splits = scored_splits(stack.sources, TASKS["SST-2"])
    assert set(result.scores) == set(splits) == {"dev", "test"}
    for split, examples in splits.items():
        logits = result.predictions[split]
        assert logits.shape == (ROWS[split], 2)
        predicted = predictions_from_logits(TASKS["SST-2"], logits)
        accuracy = (predicted == examples.labels).mean()
        assert result.scores[split] == {"accuracy": pytest.approx(accuracy)}
    assert result.diverged is None
    assert len(result.losses) == 1
    assert (result.ran["stack"], result.ran["place"]) == (1, 0)


def test_a_task_is_learnt(miniature):
    """One word tells the label; guessing gives a half."""
    (result,) = run(stack_with(miniature, [1e-2], epochs=60))
    three_standard_errors = 3 * np.sqrt(0.25 / ROWS["dev"])
    assert result.scores["dev"]["accuracy"] > 0.5 + three_standard_errors
    assert result.losses[-1] < 0.5 * result.losses[0]
    assert result.degenerate is None


def test_a_stack_of_two_gives_what_each_gives_alone(miniature):
    rates = [1e-2, 1e-3]
    together = run(stack_with(miniature, rates))
    for rate, result in zip(rates, together, strict=True):
        (alone,) = run(stack_with(miniature, [rate]))
        # Three steps of training, each a pass there and back.
        allowed = 2 * 3 * tolerance(CONFIG)
        np.testing.assert_allclose(result.losses, alone.losses, rtol=allowed)
    assert together[0].losses != together[1].losses


def test_a_diverged_trial_leaves_its_stack_unharmed(miniature):
    usual, diverged = run(stack_with(miniature, [1e-3, 1e38]))
    (alone,) = run(stack_with(miniature, [1e-3]))
    allowed = 2 * 3 * tolerance(CONFIG)
    np.testing.assert_allclose(usual.losses, alone.losses, rtol=allowed)
    assert usual.diverged is None
    assert "not a number" in diverged.diverged
    assert diverged.scores == {}
    assert diverged.predictions is None


def test_a_checkpoint_that_is_no_number_gives_no_score(miniature, tmp_path):
    def broken(weights):
        weights["bert/pooler/dense/kernel"][0, 0] = np.nan
        return weights

    write_checkpoint_to(tmp_path, broken)
    (result,) = run(stack_with(miniature, [1e-3], checkpoint=tmp_path))
    assert "not a number" in result.diverged
    assert result.scores == {}


def test_constant_predictions_are_degenerate(miniature, tmp_path):
    """A pooled output of zero leaves the output bias alone to predict with."""

    def deaf(weights):
        for name in ("kernel", "bias"):
            weights[f"bert/pooler/dense/{name}"][:] = 0.0
        return weights

    write_checkpoint_to(tmp_path, deaf)
    assert not read_checkpoint(tmp_path).weights["bert/pooler/dense/bias"].any()
    (result,) = run(stack_with(miniature, [1e-9], checkpoint=tmp_path))
    assert result.diverged is None
    assert result.degenerate == "constant predictions"
    assert 0 < result.scores["dev"]["accuracy"] < 1


def test_a_loss_that_does_not_fall_is_degenerate():
    varied = np.array([0, 1, 1])
    task = TASKS["SST-2"]
    assert degeneracy(task, varied, [0.7, 0.6]) is None
    assert "did not fall" in degeneracy(task, varied, [0.7, 0.8, 0.7])
    assert degeneracy(task, varied, [0.7]) is None  # of one epoch one cannot tell
    assert degeneracy(task, np.array([1, 1, 1]), [0.7, 0.6]) == "constant predictions"


def test_progress_is_reported(miniature):
    said = []
    run_stack(stack_with(miniature, [1e-3], epochs=10), said.append)
    assert said
    assert all(step <= steps == 30 for step, steps in said)


def test_test_labels_are_used_only_where_they_are(miniature):
    glue = miniature.glue
    without = Sources(miniature.checkpoint_dir, glue.directory)
    assert set(scored_splits(without, TASKS["SST-2"])) == {"dev"}
    given = replace(without, test_labels=glue.test_labels)
    assert set(scored_splits(given, TASKS["SST-2"])) == {"dev", "test"}
    assert set(scored_splits(given, TASKS["RTE"])) == {"dev"}


def test_mnli_is_scored_on_both_dev_splits_and_on_the_diagnostic_set(shared):
    sources = Sources(shared, shared / "data/glue", shared / "data/glue_test_labels")
    splits = scored_splits(sources, TASKS["MNLI"])
    assert {name: len(examples) for name, examples in splits.items()} == {
        "dev": 9815,
        "dev_mismatched": 9832,
    }  # public labels of AX are not among them
