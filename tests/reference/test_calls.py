"""Calls hold every step of a run once, in order, within their room."""

import numpy as np
import pytest

from reference import calls
from reference.calls import Room, RunSteps, filled
from reference.errors import InputError
from reference.features import Features
from reference.packing import NO_EXAMPLE, PartShape
from reference.recipe import Recipe
from reference.task_data import TaskData

ROWS = 300


def task(rng, rows: int) -> TaskData:
    lengths = rng.integers(2, 17, rows).astype(np.int32)
    ids = rng.integers(1, ROWS, (rows, 16)).astype(np.int32)
    ids[np.arange(16) >= lengths[:, None]] = 0
    features = Features(ids, ids % 2, lengths)
    return TaskData(features, np.arange(rows, dtype=np.int32), {}, 2)


@pytest.mark.parametrize("seed", range(12))
def test_calls_are_the_steps_of_the_run(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(calls, "PARTS", int(rng.integers(2, 20)))
    monkeypatch.setattr(calls, "STEPS", 16)
    monkeypatch.setattr(calls, "FEWEST_ROWS", 16)
    monkeypatch.setattr(calls, "USUAL_ROWS", 64)
    data, seeds = task(rng, int(rng.integers(20, 60))), [3, 3, 7]
    recipe = Recipe(int(rng.integers(1, 12)), epochs=2)
    run = RunSteps(data, recipe, seeds)
    room = Room(PartShape(2, 32), run.pieces_needed(ROWS))
    made = list(run.calls(room, ROWS, np.array([1.0, 2.0, 3.0])))
    assert [call.first for call in made] == list(
        np.cumsum([0, *(call.count for call in made[:-1])])
    )
    assert sum(call.count for call in made) == recipe.num_train_steps(len(data.labels))
    orders = [recipe.row_order(len(data.labels), own) for own in seeds]
    for call in made:
        assert call.pieces.shape == (3, room.pieces)
        assert len(call.parts["input_ids"]) % calls.PARTS == 0
        for number in range(call.count):
            at = slice(*call.ends[number : number + 2])
            for trial, order in enumerate(orders):
                own = {k: array[at, trial] for k, array in call.parts.items()}
                check_step(
                    data, order.batch(call.first + number), own, call.pieces[trial]
                )


def test_an_epoch_has_a_step():
    data = task(np.random.default_rng(0), 20)
    with pytest.raises(InputError, match="expected a batch of 32 or more, found 20"):
        RunSteps(data, Recipe(32, epochs=4), [1])


def check_step(data, batch, parts, pieces):
    real = parts["rows"] != NO_EXAMPLE
    # Labels are the numbers of the examples.
    np.testing.assert_array_equal(batch[parts["rows"][real]], parts["labels"][real])
    tokens = parts["examples"] != NO_EXAMPLE
    found = pieces[parts["input_ids"][tokens]]
    which, position = batch[parts["examples"][tokens]], parts["positions"][tokens]
    np.testing.assert_array_equal(found, data.train.input_ids[which, position])


def test_rates_are_the_schedules():
    rng = np.random.default_rng(0)
    run = RunSteps(task(rng, 40), Recipe(4), [1, 1])
    room = Room(PartShape(2, 32), 1024)
    (call,) = run.calls(room, 4096, np.array([1.0, 0.5]))
    expected = [0, 1 / 4, 2 / 4, 3 / 4, *(1 - np.arange(4, 40) / 40)]
    np.testing.assert_allclose(call.learning_rates[:40, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(call.learning_rates[:40, 1], np.array(expected) / 2)
    assert call.first == 0


@pytest.mark.parametrize("seed", range(10))
def test_pieces_are_filled_up_with_others(seed):
    rng = np.random.default_rng(seed)
    wanted = np.unique(rng.integers(0, 50, int(rng.integers(1, 30))))
    size = int(rng.integers(len(wanted), 51))
    found = filled(wanted, size, 50)
    assert len(found) == len(np.unique(found)) == size
    assert set(wanted) <= set(found) <= set(range(50))
