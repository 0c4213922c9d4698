"""Fine-tuning in miniature: learning, stacks, savings against plain training."""

import dataclasses

import numpy as np
import pytest

from reference import calls
from reference.configuration import EXACT_GELU, BertConfig
from reference.errors import InputError
from reference.features import Features
from reference.finetuning import FineTuner, Recipe, TaskData, only_occurring_pieces
from reference.heads import NO_TOKEN, FineTuningModel, SpanModel, classifier
from reference.optimization import Clipping, Schedule, learning_rate_factor
from reference.recipe import Remainder
from reference.row_order import RowOrder
from reference.task_programs import POSITION_EMBEDDINGS, WORD_EMBEDDINGS
from reference.training import Trainer, compile_model, whole_batch
from reference.weights import complete, get_weights, initial_weights, weight_shapes
from tests.reference.float32 import tolerance, weight_tolerance

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


# What adds the same to every token's logits, for which the softmax of spans is blind:
# the gradient is rounding alone, which Adam makes steps of.
BLIND = ("cls/squad/output_bias", "bert/encoder/layer_0/output/LayerNorm/beta")
LITTLE_ROOM = {"PARTS": 8, "STEPS": 16, "FEWEST_ROWS": 1, "USUAL_ROWS": 48}
_BLANK = np.zeros((1, 1, 8), np.int32)


@pytest.fixture(scope="module")
def single():
    """A tuner of one trial, for any number of runs: compilation is what takes time."""
    return FineTuner(CONFIG, classifier(2), 1)


@pytest.fixture(scope="module")
def pair():
    """A tuner of two."""
    return FineTuner(CONFIG, classifier(2), 2)


def test_a_task_is_learnt(single):
    outcome = single.run(pretrained(), task(256), Recipe(16, epochs=6), [3e-3], [1])
    dev = task().evaluated["dev"]
    correct = outcome.logits["dev"][0].argmax(-1) == (dev.input_ids[:, 1] == 7)
    assert correct.mean() > 0.9
    assert outcome.losses.shape == (6, 1)
    assert outcome.losses[-1] < 0.5 * outcome.losses[0]


def test_scores_are_learnt():
    outcome = FineTuner(CONFIG, classifier(1), 1).run(
        pretrained(), task(256, 1), Recipe(16, epochs=6), [3e-3], [1]
    )
    dev = task().evaluated["dev"]
    scores = outcome.logits["dev"][0, :, 0]
    assert np.corrcoef(scores, dev.input_ids[:, 1] == 7)[0, 1] > 0.8


def test_a_stack_is_its_trials(single):
    """Rates, seeds and so batches, dropout and heads differ; losses are as alone."""
    rates, seeds, recipe = [1e-3, 3e-3, 1e-3], [1, 1, 2], Recipe(16, epochs=1)
    together = FineTuner(CONFIG, classifier(2), 3).run(
        pretrained(), task(), recipe, rates, seeds
    )
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


def plain_run(head, data: TaskData, recipe: Recipe, rate: float, seed: int):
    """Every example in a row of its own, every word at every step, a call for each.

    Its losses, logits and last weights.
    """
    rows, padded = len(data.labels), data.train.input_ids.shape[1]
    model = head(CONFIG, 1)
    model(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), _BLANK))
    trainer = Trainer(
        model,
        lambda model, batch, dropout: model.losses(
            model(batch, dropout=dropout), batch
        ),
        clipping=recipe.clipping,
    )
    weights = np.full((1, recipe.batch_size), 1 / recipe.batch_size, np.float32)
    shapes = weight_shapes(model)
    trainer.start([complete(pretrained(), shapes, CONFIG.initializer_range, seed)])
    steps, warmup = recipe.num_train_steps(rows), recipe.num_warmup_steps(rows)
    order, losses = RowOrder(rows, recipe.batch_size, seed), []
    for step in range(steps):
        chosen = order.batch(step)
        batch = by_themselves(data.train, chosen) | {
            "labels": data.labels[chosen][None],
            "weights": weights,
        }
        assert batch["input_ids"].shape == (1, recipe.batch_size, padded)
        factor = learning_rate_factor(step, steps, warmup)
        parts = whole_batch(batch, 1, recipe.batch_size)
        losses.append(trainer.step(parts, [rate * factor], [seed], step)[0])
    predict = compile_model(model, lambda model, batch: model(batch))
    dev = data.evaluated["dev"]
    logits = predict(by_themselves(dev, np.arange(len(dev.lengths))))
    return np.array(losses), logits, get_weights(model)[0]


def by_themselves(features: Features, chosen) -> dict[str, np.ndarray]:
    position = np.arange(features.input_ids.shape[1])
    return {
        "input_ids": features.input_ids[chosen][None],
        "segment_ids": features.segment_ids[chosen][None],
        "input_mask": (position < features.lengths[chosen][:, None])[None].astype(int),
    }


def spans(data: TaskData) -> TaskData:
    """The same texts, of which a part is asked for."""
    rng = np.random.default_rng(3)
    ends = np.sort(rng.integers(0, data.train.lengths, (2, len(data.labels))), axis=0)
    return dataclasses.replace(data, labels=ends.T.astype(np.int32))


def taught(data: TaskData) -> TaskData:
    """The same texts with the probabilities of a teacher."""
    certain = np.random.default_rng(3).random(len(data.labels), np.float32)
    return dataclasses.replace(data, labels=np.stack([certain, 1 - certain], axis=1))


@pytest.mark.parametrize(
    ("clipping", "head", "data"),
    [
        pytest.param(*one, id=name, marks=pytest.mark.slow if is_slow else ())
        for name, is_slow, one in (
            ("classes", False, (Clipping.LOOKUP, classifier(2), task(40, 2, 50))),
            ("spans", False, (Clipping.ONE_HOT, SpanModel, spans(task(40, 2, 50)))),
            ("score", True, (Clipping.ONE_HOT, classifier(1), task(40, 1, 50))),
            (
                "taught",
                True,
                (Clipping.ONE_HOT, classifier(2), taught(task(40, 2, 50))),
            ),
        )
    ],
)
def test_savings_change_nothing(monkeypatch, clipping, head, data):
    """Packed rows, parts, many steps a call, few words in it: as trained plainly.

    Dropout and all. So little is allowed in a call that there are several, and that
    most words wait in each.
    """
    for name, value in LITTLE_ROOM.items():
        monkeypatch.setattr(calls, name, value)
    recipe = Recipe(4, epochs=1, clipping=clipping)
    losses, logits, weights = plain_run(head, data, recipe, 1e-3, 5)
    tuner = FineTuner(CONFIG, head, 1)
    found = tuner.run(pretrained(), data, recipe, [1e-3], [5])
    allowed = 2 * (len(losses) + 1) * tolerance(CONFIG)
    assert found.losses[0, 0] == pytest.approx(losses.mean(), rel=allowed)
    seen = logits != NO_TOKEN
    packed = found.logits["dev"][:, :, : logits.shape[2]]  # a row is longer than these
    np.testing.assert_array_equal(packed != NO_TOKEN, seen)
    difference = np.abs(packed - logits)[seen].max()
    assert difference < allowed * np.abs(logits[seen]).max()
    # Also those that were left out altogether, which have no gradient.
    fewer = only_occurring_pieces(data)
    kept = tuner.run(pretrained(), fewer, recipe, [1e-3], [5], keep_weights=True)
    assert_same_weights(kept.weights[0], weights, steps=len(losses))


def assert_same_weights(found, expected, steps: int) -> None:
    assert found.keys() == expected.keys()
    about = {"num_train_steps": steps, "learning_rate": 1e-3}
    for name, value in expected.items():
        if "cls/squad/output_bias" in expected and name in BLIND:
            continue
        allowed = weight_tolerance(CONFIG, about, value)
        assert (np.abs(found[name] - value) <= allowed).all(), name


def test_a_span_is_learnt():
    """Of two marks, 7 and 8, the text between: wherever it begins."""
    rng = np.random.default_rng(1)
    train = features(256, 1, 20)
    ids, ends = train.input_ids.copy(), np.zeros((256, 2), np.int32)
    for row, length in enumerate(np.maximum(train.lengths, 6)):
        first, last = np.sort(rng.choice(np.arange(1, length), 2, replace=False))
        ids[row, first], ids[row, last] = 7, 8
        ends[row] = first, last
    lengths = np.maximum(train.lengths, 6)
    train = Features(ids, train.segment_ids, lengths)
    data = TaskData(train, ends, {"train": train}, 2)
    outcome = FineTuner(CONFIG, SpanModel, 1).run(
        pretrained(), data, Recipe(16, epochs=6), [3e-3], [1]
    )
    found = outcome.logits["train"][0].argmax(axis=1)
    assert (found == ends).mean() > 0.9


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


def test_what_a_task_never_uses_decays(single):
    """Word pieces and positions without a gradient, by the steps' rates alone."""
    data, recipe = only_occurring_pieces(task()), Recipe(16, epochs=1)
    start = pretrained()
    found = single.run(start, data, recipe, [1e-1], [1], keep_weights=True).weights[0]
    factors = [recipe.rate_factor(step, 64) for step in range(4)]
    left = np.prod([1 - 1e-1 * factor * 0.01 for factor in factors])
    assert 0.99 < left < 1 - 1e-4  # far more than rounding
    unused = np.setdiff1d(np.arange(CONFIG.vocab_size), data.vocabulary)
    assert data.row_length == 32
    for name, rows in {
        WORD_EMBEDDINGS: unused,
        POSITION_EMBEDDINGS: slice(32, None),
    }.items():
        np.testing.assert_allclose(
            found[name][rows], start[name][rows] * left, rtol=2**-22
        )


def test_kept_weights_predict_as_they_did(single, pair):
    data, recipe = only_occurring_pieces(task()), Recipe(16, epochs=1)
    run = pair.run(pretrained(), data, recipe, [1e-3, 3e-3], [1, 2], keep_weights=True)
    again = pair.predict(run.weights, data)
    np.testing.assert_array_equal(again["dev"], run.logits["dev"])
    alone = single.predict(run.weights[1], task())  # all of the vocabulary
    np.testing.assert_allclose(
        alone["dev"][0],
        run.logits["dev"][1],
        atol=2 * tolerance(CONFIG) * np.abs(run.logits["dev"]).max(),
    )


def test_each_trial_may_go_on_from_its_own_weights(single, pair):
    """Head and all, as if there had been no other in the stack."""
    data, recipe = only_occurring_pieces(task()), Recipe(16, epochs=1)
    own = [pretrained(seed) | head(seed) for seed in (1, 2)]
    found = pair.run(own, data, recipe, [1e-3, 1e-3], [1, 1])
    allowed = 2 * 4 * tolerance(CONFIG)
    for trial, weights in enumerate(own):
        alone = single.run(weights, data, recipe, [1e-3], [1])
        np.testing.assert_allclose(
            found.losses[:, trial], alone.losses[:, 0], rtol=allowed
        )
    assert abs(found.losses[0, 0] / found.losses[0, 1] - 1) > 10 * allowed


def head(seed: int) -> dict[str, np.ndarray]:
    shapes = {"output_weights": (2, 32), "output_bias": (2,)}
    return initial_weights(shapes, 1.0, seed)


def test_weights_without_a_head_predict_nothing(single):
    with pytest.raises(InputError, match="found no output_weights, output_bias"):
        single.predict(pretrained(), task())


def test_examples_as_long_as_the_checkpoint_has_positions():
    """Fifty, which is no multiple of what programs are rounded up to."""
    config = dataclasses.replace(CONFIG, max_position_embeddings=50)
    given = pretrained()
    given[POSITION_EMBEDDINGS] = given[POSITION_EMBEDDINGS][:50]
    tuner = FineTuner(config, classifier(2), 1)
    outcome = tuner.run(given, task(longest=50), Recipe(32, epochs=1), [1e-3], [1])
    assert np.isfinite(outcome.logits["dev"]).all()


@pytest.mark.slow
def test_parts_of_a_batch_are_the_batch():
    """Twelve examples in parts of one row and of six: the same run, dropout and all."""
    recipe, found = Recipe(12, epochs=1), []
    for rows in (1, 6):
        tuner = FineTuner(CONFIG, classifier(2), 2, part_rows=rows)
        data = task(rows=36, longest=50)
        found.append(tuner.run(pretrained(), data, recipe, [1e-3, 1e-3], [1, 2]))
    allowed = 2 * 5 * tolerance(CONFIG)
    np.testing.assert_allclose(found[0].losses, found[1].losses, rtol=allowed)
    difference = np.abs(found[0].logits["dev"] - found[1].logits["dev"]).max()
    assert difference < allowed * np.abs(found[1].logits["dev"]).max()


@pytest.mark.parametrize(
    ("remainder", "steps", "last"),
    [(Remainder.STRADDLES, 458, 32), (Remainder.DROPPED, 456, 32), ("kept", 460, 20)],
)
def test_what_becomes_of_the_remainder(remainder, steps, last):
    """MRPC at batch 32: 114 batches, and 20 examples over."""
    recipe = Recipe(32, remainder=remainder)
    assert recipe.num_train_steps(3668) == steps
    assert len(recipe.row_order(3668, 1).batch(steps - 1)) == last


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"bias_correction": True},
        {"schedule": Schedule.FROM_WARMUP},
        {"remainder": Remainder.KEPT},
        {"remainder": Remainder.DROPPED},
    ],
    ids=str,
)
def test_a_switch_changes_the_run(single, change):
    data, recipe = task(rows=50), Recipe(16, epochs=2, warmup_proportion=0.5)
    other = dataclasses.replace(recipe, **change)
    one, two = (single.run(pretrained(), data, r, [1e-3], [1]) for r in (recipe, other))
    assert (one.logits["dev"] != two.logits["dev"]).any()
    assert np.isfinite(two.logits["dev"]).all()


def test_an_activation_can_be_exact(single):
    """The two functions differ by 5e-4 at most, and so do not the trained models."""
    exact = dataclasses.replace(CONFIG, hidden_act=EXACT_GELU)
    found = [
        tuner.run(pretrained(), task(), Recipe(16, epochs=1), [1e-3], [1])
        for tuner in (single, FineTuner(exact, classifier(2), 1))
    ]
    first, second = (outcome.logits["dev"] for outcome in found)
    assert 0 < np.abs(first - second).max() < 0.1 * np.abs(first).max()


def test_steps_and_warmup_are_the_originals():
    """MRPC at batch 32: int(3668 / 32 * 4) steps, a tenth of them warm-up."""
    recipe = Recipe(32)
    assert recipe.num_train_steps(3668) == 458
    assert recipe.num_warmup_steps(3668) == 45
