"""Whole pre-training runs in miniature: learning, stacks, phases, resuming."""

import dataclasses
import json

import numpy as np
import pytest

from reference.checkpoint import read_checkpoint
from reference.errors import InputError
from reference.masking import MaskingScheme
from reference.pretraining import Phase, Pretraining
from reference.pretraining_settings import Execution, PretrainingSettings, Trial
from reference.run_state import STATES
from reference.tokenization import Tokenizer
from tests.reference.float32 import tolerance
from tests.reference.miniature import CONFIG

pytestmark = pytest.mark.backend

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str, range(25))]
PIECES += [f"##{n}" for n in range(10)]


class Killed(Exception):
    """Stands for the end of the process."""


def instances(rows: int, seed: int, words: int = 8) -> dict[str, np.ndarray]:
    """Sequences in which a masked token is told by its left neighbour."""
    rng = np.random.default_rng(seed)
    first = rng.integers(5, 40, size=(rows, words))
    ids = np.repeat(first, 2, axis=1).astype(np.int32)
    positions = np.sort(
        rng.permuted(np.tile(np.arange(words), (rows, 1)), axis=1)[:, :2]
    )
    positions = (2 * positions + 1).astype(np.int32)
    labels = np.take_along_axis(ids, positions, axis=1)
    np.put_along_axis(ids, positions, 4, axis=1)
    random_next = rng.integers(0, 2, size=(rows, 1)).astype(np.int32)
    return {
        "input_ids": ids,
        "input_mask": np.ones_like(ids),
        "segment_ids": np.repeat(random_next, 2 * words, axis=1),
        "masked_lm_positions": positions,
        "masked_lm_ids": labels,
        "masked_lm_weights": np.ones((rows, 2), np.float32),
        "next_sentence_labels": random_next,
    }


EXECUTION = Execution(log_every=1, save_every_seconds=0.0)
BOTH = (Trial(1, MaskingScheme.WORDPIECE), Trial(1, MaskingScheme.WHOLE_WORD))


def run_in(directory, steps=40, batch_size=8, **changes) -> Pretraining:
    run = Pretraining(
        config=CONFIG,
        tokenizer=Tokenizer(PIECES),
        phases=(Phase(instances(256, seed=1), steps, batch_size),),
        held_out=instances(64, seed=2),
        directory=directory,
        settings=PretrainingSettings(learning_rate=3e-3),
        execution=EXECUTION,
        description={"masking": "wordpiece"},
    )
    return dataclasses.replace(run, **changes)


def killed_at(step: int):
    def progress(reached, *_):
        if reached == step:
            raise Killed

    return progress


def curve(directory) -> np.ndarray:
    """The loss of every step and trial: `[steps, K]`."""
    lines = (directory / "metrics.jsonl").read_text().splitlines()
    return np.array([json.loads(line)["loss"] for line in lines])


def drift(steps: int) -> float:
    """What other orders of rounding may make of so many steps, there and back."""
    return 2 * steps * tolerance(CONFIG)


def test_a_run_learns_and_leaves_a_checkpoint(tmp_path):
    run = run_in(tmp_path, steps=600, batch_size=32)
    (metrics,) = dataclasses.replace(run, execution=Execution()).run()
    # By chance: 1/35 of tokens, loss log 35 = 3.56; half of the pairs, loss 0.69.
    assert metrics["masked_lm_accuracy"] > 0.5
    assert metrics["masked_lm_loss"] < 2.0
    assert metrics["next_sentence_accuracy"] > 0.9
    assert metrics["next_sentence_loss"] < 0.3
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.masking == "wordpiece"
    assert checkpoint.description["held_out"] == metrics
    lengths = [phase.instances["input_ids"].shape[1] for phase in run.phases]
    assert checkpoint.description["max_seq_lengths"] == lengths


def test_killed_and_resumed_ends_as_if_undisturbed(tmp_path):
    """Both maskings in a stack, masks drawn anew at each step, two phases."""
    phases = (
        Phase(instances(256, seed=1, words=5), 20, 8),
        Phase(instances(100, seed=3), 20, 4),
    )
    settings = PretrainingSettings(learning_rate=3e-3, dynamic_masking=0.3)
    changes = {"phases": phases, "settings": settings, "trials": BOTH}
    expected = run_in(tmp_path / "whole", **changes).run()
    for step in (7, 20, 33):
        with pytest.raises(Killed):
            run_in(tmp_path / "killed", **changes).run(killed_at(step))
    assert run_in(tmp_path / "killed", **changes).run() == expected
    for trial in BOTH:
        whole, killed = (
            read_checkpoint(tmp_path / name / trial.name)
            for name in ("whole", "killed")
        )
        assert whole.masking == trial.masking
        for name, value in whole.weights.items():
            np.testing.assert_array_equal(killed.weights[name], value)
    whole, killed = (tmp_path / name / "metrics.jsonl" for name in ("whole", "killed"))
    assert killed.read_text() == whole.read_text()
    assert len(curve(tmp_path / "killed")) == 40
    assert len(list((tmp_path / "killed" / STATES).iterdir())) == EXECUTION.keep


@pytest.mark.slow
def test_trials_of_a_stack_are_those_alone(tmp_path):
    """Seeds and maskings side by side: order, masks and dropout are each one's own."""
    settings = PretrainingSettings(learning_rate=3e-3, dynamic_masking=0.3)
    trials = (*BOTH, Trial(2, MaskingScheme.WORDPIECE))
    together = run_in(tmp_path / "all", 8, settings=settings, trials=trials)
    metrics = together.run()
    for number, trial in enumerate(trials):
        alone = run_in(tmp_path / trial.name, 8, settings=settings, trials=(trial,))
        (own,) = alone.run()
        losses = curve(tmp_path / "all")[:, number], curve(tmp_path / trial.name)[:, 0]
        np.testing.assert_allclose(*losses, rtol=drift(8))
        assert own["masked_lm_loss"] == pytest.approx(
            metrics[number]["masked_lm_loss"], rel=drift(8)
        )
    assert metrics[0] != metrics[1]


@pytest.mark.slow
def test_accumulated_parts_are_the_batch(tmp_path):
    """Also where they hide unlike numbers of tokens, and the last part is smaller."""
    uneven = instances(64, seed=1)
    uneven["masked_lm_weights"][::3, 1] = 0
    phases = (Phase(uneven, 8, 8),)
    run_in(tmp_path / "whole", phases=phases).run()
    execution = dataclasses.replace(EXECUTION, micro_batch_size=3)
    run_in(tmp_path / "parts", phases=phases, execution=execution).run()
    whole, parts = curve(tmp_path / "whole"), curve(tmp_path / "parts")
    np.testing.assert_allclose(parts, whole, rtol=drift(8))


@pytest.mark.slow
def test_bfloat16_is_near_float32_and_learns(tmp_path):
    curves = {}
    for precision in ("float32", "bfloat16"):
        settings = PretrainingSettings(learning_rate=3e-3, precision=precision)
        run_in(tmp_path / precision, 60, settings=settings).run()
        curves[precision] = curve(tmp_path / precision)
    first = [float(losses[0, 0]) for losses in curves.values()]
    assert first[0] != first[1]
    # Eight bits of mantissa in place of 24, at as many stages.
    assert first[1] == pytest.approx(first[0], rel=tolerance(CONFIG) * 2**16)
    assert curves["bfloat16"][-10:].mean() < curves["bfloat16"][:10].mean() - 0.1
    weights = read_checkpoint(tmp_path / "bfloat16").weights
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}


@pytest.mark.slow
def test_a_run_begins_with_the_weights_it_is_given(tmp_path):
    run_in(tmp_path / "first", 20).run()
    checkpoint = read_checkpoint(tmp_path / "first")
    run_in(tmp_path / "on", 1, initial=checkpoint).run()
    run_in(tmp_path / "anew", 1).run()
    assert curve(tmp_path / "on")[0] < curve(tmp_path / "anew")[0]
    other = run_in(tmp_path / "on", 1)
    with pytest.raises(InputError, match="other settings or data"):
        other.run()


def test_held_out_metrics_come_along(tmp_path):
    execution = dataclasses.replace(EXECUTION, evaluate_every=4)
    seen = []
    run = run_in(tmp_path, 8, trials=(Trial(1), Trial(2)), execution=execution)
    metrics = dataclasses.replace(run, watch=seen.append).run()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == seen
    assert [line["step"] for line in seen if "held_out" in line] == [4, 8]
    assert seen[-1]["held_out"] == metrics
    assert seen[4]["learning_rate"] == pytest.approx(3e-3 * (1 - 4 / 8))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The directory of a run that was killed."""
    directory = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Killed):
        run_in(directory).run(killed_at(2))
    return directory


@pytest.mark.parametrize(
    "changes",
    [
        {"phases": (Phase(instances(256, seed=1), 50, 8),)},
        {"phases": (Phase(instances(256, seed=3), 40, 8),)},
        {"settings": PretrainingSettings(learning_rate=1e-3)},
        {"trials": (Trial(7),)},
        {"held_out": instances(64, seed=9)},
        {"tokenizer": Tokenizer([*PIECES[:-1], "##other"])},
    ],
    ids=["steps", "data", "settings", "seed", "held-out", "vocabulary"],
)
def test_another_run_is_not_resumed(stopped, changes):
    with pytest.raises(InputError, match="other settings or data"):
        run_in(stopped, **changes).run()


@pytest.mark.slow
def test_a_run_stops_where_it_is_asked_to_and_goes_on(stopped):
    execution = dataclasses.replace(EXECUTION, stop_after=4)
    run_in(stopped, execution=execution).run()
    assert len(curve(stopped)) == 4
    assert "held_out" not in (stopped / "metrics.jsonl").read_text()
    assert not (stopped / "model.safetensors").exists()
    run_in(stopped).run()
    assert len(curve(stopped)) == 40
    assert read_checkpoint(stopped).config == CONFIG


def test_a_checkpoint_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"another's")
    with pytest.raises(InputError, match="found a checkpoint without states/"):
        run_in(tmp_path).run()
    assert (tmp_path / "model.safetensors").read_bytes() == b"another's"


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    run = run_in(tmp_path, steps=10, trials=(Trial(1), Trial(2)))
    run.phases[0].instances["masked_lm_weights"][:] = np.nan
    with pytest.raises(InputError, match="seed1, seed2 is not a number by step 1"):
        run.run()
    assert not (tmp_path / "model.safetensors").exists()
    assert not (tmp_path / STATES).exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Phase({}, 0), "at least one step"),
        (lambda: PretrainingSettings(precision="float16"), "float32, bfloat16"),
        (lambda: PretrainingSettings(warmup_proportion=1.0), "below 1, found 1.0"),
        (lambda: PretrainingSettings(0.0), "a number above 0, found 0"),
        (lambda: PretrainingSettings(float("nan")), "a number above 0, found nan"),
        (lambda: Execution(keep=0), "keep: expected 1 or more, found 0"),
        (lambda: Execution(log_every=7, evaluate_every=10), "a multiple of log_every"),
        (lambda: Execution(log_every=7, stop_after=10), "stop_after: .* a multiple"),
        (lambda: run_in(None, trials=(Trial(1), Trial(1))), "each once"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
