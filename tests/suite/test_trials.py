"""What a worker does with a stack, on a model of one layer and tasks of 48 rows."""

from dataclasses import replace

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from reference.errors import InputError
from suite import trials
from suite.knobs import KNOBS
from suite.metrics import predictions_from_logits
from suite.plan import Grid, form_stacks, grid_trials
from suite.sources import entries
from suite.tasks import TASKS
from suite.trials import (
    Sources,
    Stack,
    degeneracy,
    device_kind,
    predicted_splits,
    run_stack,
    scored_splits,
    seconds_per_step,
)
from tests.reference.float32 import tolerance
from tests.suite.miniature import CONFIG, ROWS, write_checkpoint_to


def stack_with(miniature, learning_rates, epochs=1, **other_sources) -> Stack:
    """A stack on SST-2 with these learning rates, 3 steps an epoch."""
    glue = replace(miniature.glue, tasks=("SST-2",))
    (entry,) = entries([miniature.checkpoint], glue)
    grid = Grid((16,), tuple(learning_rates), epochs=epochs)
    (stack,) = form_stacks(entry, grid_trials(entry, grid), len(learning_rates))
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
    assert 100 < result.ran["peak_mb"] < 20_000  # of a whole framework


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


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_is_turned(miniature, name):
    """Whatever it is of the miniature's short texts that it can change."""
    stack = stack_with(miniature, [1e-2], epochs=4)
    turned = [replace(trial, variation=name) for trial in stack.trials]
    (plain,), (other,) = run(stack), run(replace(stack, trials=tuple(turned)))
    changed = (plain.predictions["dev"] != other.predictions["dev"]).any()
    # No text is too long here, and 48 rows are three whole batches of 16; a buffer of
    # 100 holds them all, but hands them out in another order.
    assert changed == (name not in ("second-truncated", "remainder-dropped"))


def test_a_knob_that_is_not_there(miniature):
    stack = stack_with(miniature, [1e-2])
    (trial,) = stack.trials
    with pytest.raises(InputError, match="unknown knob 'louder': expected one of bias"):
        run(replace(stack, trials=(replace(trial, variation="louder"),)))


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


def test_a_test_split_is_predicted_without_labels_where_that_is_asked(miniature):
    """It is kept as the others are, without a score; nothing else changes."""
    (usual,) = run(stack_with(miniature, [1e-3], test_labels=None))
    asked = {"test_labels": None, "test_predictions": True}
    (with_test,) = run(stack_with(miniature, [1e-3], **asked))
    assert set(usual.predictions) == {"dev"}
    assert set(with_test.predictions) == {"dev", "test"}
    assert with_test.predictions["test"].shape == (ROWS["test"], 2)
    assert with_test.scores == usual.scores
    np.testing.assert_allclose(
        with_test.losses, usual.losses, rtol=2 * 3 * tolerance(CONFIG)
    )


def test_a_model_of_mnli_predicts_five_splits(shared, tmp_path):
    """Test splits where their files are there; AX is one, and needs no labels."""
    glue = tmp_path / "glue"
    (glue / "MNLI").mkdir(parents=True)
    (glue / "AX").symlink_to(shared / "data/glue/AX")
    for split in ("matched", "mismatched"):
        dev = shared / f"data/glue/MNLI/dev_{split}.tsv"
        (glue / f"MNLI/dev_{split}.tsv").symlink_to(dev)
    sources = Sources(tmp_path, glue, test_predictions=True)
    assert set(predicted_splits(sources, TASKS["MNLI"])) == {
        "dev",
        "dev_mismatched",
        "AX/test",
    }
    header, *rows = (glue / "MNLI/dev_matched.tsv").read_text().splitlines()[:4]
    for split in ("matched", "mismatched"):
        path = glue / f"MNLI/test_{split}.tsv"
        path.write_text("\n".join([header, *rows]) + "\n")
    splits = predicted_splits(sources, TASKS["MNLI"])
    assert len(splits) == 5
    assert len(splits["test"]) == len(splits["test_mismatched"]) == 3
    assert len(splits["AX/test"]) == 1104
    assert all(splits[name].labels is None for name in splits if "test" in name)
    assert set(scored_splits(sources, TASKS["MNLI"])) == {"dev", "dev_mismatched"}


def test_a_step_is_timed_and_training_is_not_ended(miniature, monkeypatch):
    monkeypatch.setattr(trials, "MEASURED_STEPS", 4)
    seconds = seconds_per_step(stack_with(miniature, [1e-3], epochs=1000), print)
    assert 0 < seconds < 10
    (result,) = run(stack_with(miniature, [1e-3]))  # the programs are as they were
    assert result.diverged is None


def test_the_device_is_named():
    assert device_kind(print) in ("cpu", "gpu", "tpu")


def test_mnli_is_scored_on_both_dev_splits_and_on_the_diagnostic_set(shared):
    sources = Sources(shared, shared / "data/glue", shared / "data/glue_test_labels")
    splits = scored_splits(sources, TASKS["MNLI"])
    assert {name: len(examples) for name, examples in splits.items()} == {
        "dev": 9815,
        "dev_mismatched": 9832,
    }  # public labels of AX are not among them
