"""Fine-tuning in miniature: learning, stacks, savings against plain training."""

import dataclasses

import numpy as np
import pytest

from reference import calls
from reference.configuration import BertConfig
from reference.features import Features
from reference.finetuning import FineTuner, Recipe, TaskData, only_occurring_pieces
from reference.heads import FineTuningModel, fine_tuning_losses
from reference.optimization import Clipping, learning_rate_factor
from reference.row_order import RowOrder
from reference.training import Trainer, compile_model, whole_batch
from reference.weights import complete, initial_weights, weight_shapes
from tests.reference.float32 import tolerance

pytestmark = pytest.mark.backend

CONFIG = BertConfig(
    vocab_size=120,
    hidden_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=64,
    max_position_embeddings=64,
)


def features(rows: int, seed: int, longest: int = 14) -> Features:
    """Token 7 stands in half of the sequences; lengths from 3 up."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, longest + 1, size=rows).astype(np.int32)
    ids = rng.integers(10, 60, size=(rows, 50)).astype(np.int32)
    ids[::2, 1] = 7
    ids[np.arange(50) >= lengths[:, None]] = 0
    return Features(ids, np.zeros_like(ids), lengths)


def task(rows=64, outputs=2, longest=14) -> TaskData:
    train, dev = features(rows, 1, longest), features(40, 2)
    labels = (train.input_ids[:, 1] == 7).astype(np.int32)
    if outputs == 1:
        labels = (5.0 * labels).astype(np.float32)
    return TaskData(train, labels, {"dev": dev}, outputs)


def pretrained(seed=1):
    model = FineTuningModel(CONFIG, 2)
    model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), _BLANK))
    shapes = weight_shapes(model)
    return {n: v for n, v in initial_weights(shapes, 0.1, seed).items() if "bert" in n}


LITTLE_ROOM = {"PARTS": 8, "STEPS": 16, "FEWEST_ROWS": 1, "USUAL_ROWS": 48}
_BLANK = np.zeros((1, 1, 8), np.int32)


@pytest.fixture(scope="module")
def single():
    """A tuner of one trial, for any number of runs: compilation is what takes time."""
    return FineTuner(CONFIG, 2, 1)


def test_a_task_is_learnt(single):
    outcome = single.run(pretrained(), task(256), Recipe(16, epochs=6), [3e-3], [1])
    dev = task().evaluated["dev"]
    correct = outcome.logits["dev"][0].argmax(-1) == (dev.input_ids[:, 1] == 7)
    assert correct.mean() > 0.9
    assert outcome.losses.shape == (6, 1)
    assert outcome.losses[-1] < 0.5 * outcome.losses[0]


def test_scores_are_learnt():
    outcome = FineTuner(CONFIG, 1, 1).run(
        pretrained(), task(256, 1), Recipe(16, epochs=6), [3e-3], [1]
    )
    dev = task().evaluated["dev"]
    scores = outcome.logits["dev"][0, :, 0]
    assert np.corrcoef(scores, dev.input_ids[:, 1] == 7)[0, 1] > 0.8


def test_a_stack_is_its_trials(single):
    """Rates, seeds and so batches, dropout and heads differ; losses are as alone."""
    rates, seeds, recipe = [1e-3, 3e-3, 1e-3], [1, 1, 2], Recipe(16, epochs=1)
    together = FineTuner(CONFIG, 2, 3).run(pretrained(), task(), recipe, rates, seeds)
    for trial in range(3):
        alone = single.run(pretrained(), task(), recipe, [rates[trial]], [seeds[trial]])
        # Four steps of training before the predictions, each a pass there and back.
        allowed = 2 * 4 * tolerance(CONFIG)
        np.testing.assert_allclose(
            together.losses[:, trial], alone.losses[:, 0], rtol=allowed
        )
        difference = np.abs(together.logits["dev"][trial] - alone.logits["dev"][0])
        assert difference.max() < allowed * np.abs(alone.logits["dev"]).max()
    assert together.losses[0, 0] != together.losses[0, 2]


def test_a_tuner_forgets_the_run_before(single):
    """Also one that clipped otherwise."""
    recipe = Recipe(16, epochs=1)
    other = dataclasses.replace(recipe, clipping=Clipping.LOOKUP)
    first = single.run(pretrained(), task(), recipe, [1e-3], [1])
    single.run(pretrained(), task(), other, [1e-3], [1])
    second = single.run(pretrained(), task(), recipe, [1e-3], [1])
    np.testing.assert_array_equal(first.losses, second.losses)
    np.testing.assert_array_equal(first.logits["dev"], second.logits["dev"])


def test_clipping_is_that_of_a_tpu_unless_told_otherwise():
    """As every recorded trial was made, whose ids do not name the clipping."""
    assert Recipe(16).clipping is Clipping.ONE_HOT


def plain_run(data: TaskData, recipe: Recipe, rate: float, seed: int):
    """Every example in a row of its own, every word at every step, a call for each."""
    rows, padded = len(data.labels), data.train.input_ids.shape[1]
    model = FineTuningModel(CONFIG, data.outputs)
    model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), _BLANK))
    trainer = Trainer(
        model,
        lambda model, batch, dropout: fine_tuning_losses(
            model(batch, dropout=dropout), batch["labels"]
        ),
        clipping=recipe.clipping,
    )
    shapes = weight_shapes(model)
    trainer.start([complete(pretrained(), shapes, CONFIG.initializer_range, seed)])
    steps, warmup = recipe.num_train_steps(rows), recipe.num_warmup_steps(rows)
    order, losses = RowOrder(rows, recipe.batch_size, seed), []
    for step in range(steps):
        chosen = order.batch(step)
        batch = by_themselves(data.train, chosen) | {
            "labels": data.labels[chosen][None]
        }
        assert batch["input_ids"].shape == (1, recipe.batch_size, padded)
        factor = learning_rate_factor(step, steps, warmup)
        parts = whole_batch(batch, 1, recipe.batch_size)
        losses.append(trainer.step(parts, [rate * factor], [seed], step)[0])
    predict = compile_model(model, lambda model, batch: model(batch))
    dev = data.evaluated["dev"]
    return np.array(losses), predict(by_themselves(dev, np.arange(len(dev.lengths))))


def by_themselves(features: Features, chosen) -> dict[str, np.ndarray]:
    position = np.arange(features.input_ids.shape[1])
    return {
        "input_ids": features.input_ids[chosen][None],
        "segment_ids": features.segment_ids[chosen][None],
        "input_mask": (position < features.lengths[chosen][:, None])[None].astype(int),
    }


@pytest.mark.parametrize(
    ("clipping", "outputs"), [(Clipping.ONE_HOT, 1), (Clipping.LOOKUP, 2)]
)
def test_savings_change_nothing(monkeypatch, clipping, outputs):
    """Packed rows, parts, many steps a call, few words in it: as trained plainly.

    Dropout and all. So little is allowed in a call that there are several, and that
    most words wait in each.
    """
    for name, value in LITTLE_ROOM.items():
        monkeypatch.setattr(calls, name, value)
    recipe = Recipe(4, epochs=1, clipping=clipping)
    data = task(rows=40, outputs=outputs, longest=50)
    losses, logits = plain_run(data, recipe, 1e-3, 5)
    found = FineTuner(CONFIG, outputs, 1).run(pretrained(), data, recipe, [1e-3], [5])
    allowed = 2 * (len(losses) + 1) * tolerance(CONFIG)
    assert found.losses[0, 0] == pytest.approx(losses.mean(), rel=allowed)
    difference = np.abs(found.logits["dev"] - logits).max()
    assert difference < allowed * np.abs(logits).max()


def test_pieces_that_never_occur_change_nothing(single):
    """With all rows of the table and with those that occur: the same run."""
    data, recipe = task(), Recipe(16, epochs=1)
    fewer = only_occurring_pieces(data)
    assert len(fewer.vocabulary) < 60
    full, found = (
        single.run(pretrained(), one, recipe, [1e-3], [1]) for one in (data, fewer)
    )
    np.testing.assert_array_equal(full.losses, found.losses)
    np.testing.assert_array_equal(full.logits["dev"], found.logits["dev"])


def test_parts_of_a_batch_are_the_batch():
    """Twelve examples in parts of one row and of six: the same run, dropout and all."""
    recipe, found = Recipe(12, epochs=1), []
    for rows in (1, 6):
        tuner = FineTuner(CONFIG, 2, 2, part_rows=rows)
        data = task(rows=36, longest=50)
        found.append(tuner.run(pretrained(), data, recipe, [1e-3, 1e-3], [1, 2]))
    allowed = 2 * 5 * tolerance(CONFIG)
    np.testing.assert_allclose(found[0].losses, found[1].losses, rtol=allowed)
    difference = np.abs(found[0].logits["dev"] - found[1].logits["dev"]).max()
    assert difference < allowed * np.abs(found[1].logits["dev"]).max()


def test_steps_and_warmup_are_the_originals():
    """MRPC at batch 32: int(3668 / 32 * 4) steps, a tenth of them warm-up."""
    recipe = Recipe(32)
    assert recipe.num_train_steps(3668) == 458
    assert recipe.num_warmup_steps(3668) == 45
