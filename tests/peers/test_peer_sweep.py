"""The peer's recipe does what is said of it, on a model of one layer.

Run where PyTorch and transformers are installed (`tox -e peers`), skipped elsewhere.
"""

import logging
import os

import pytest

from reference.checkpoint import Layout
from reference.conversion import convert
from reference.features import classification_features
from suite import peer_sweep
from suite.glue_files import read_examples
from suite.peer_sweep import (
    PeerTask,
    count_lengths,
    model_shape,
    timed_evaluation,
    timed_training,
    tokenised,
    trained_score,
)
from suite.sweep_speed import PER_BATCH, TO_128
from suite.tasks import TASKS
from tests.suite.miniature import CONFIG, ROWS, Miniature

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Miniature:
    made = Miniature(tmp_path_factory.mktemp("miniature")).write()
    there = made.directory / "huggingface"
    convert(made.checkpoint_dir, there, Layout.HUGGINGFACE)
    return made


@pytest.fixture(params=[TO_128, PER_BATCH])
def peer(request, made, monkeypatch):
    """RTE, which has pairs, padded in each way, and little time."""
    monkeypatch.setattr(peer_sweep, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(peer_sweep, "TRAINING_SECONDS", 0.2)
    monkeypatch.setattr(peer_sweep, "EVALUATION_SECONDS", 0.1)
    there = made.directory / "huggingface"
    yield PeerTask(there, made.glue.directory, "RTE", request.param)
    logging.disable(logging.NOTSET)


def test_it_is_given_the_pieces_that_ours_is_given(peer, made):
    examples = read_examples(peer.glue_dir, TASKS["RTE"], "train")
    texts = examples.text_a, examples.text_b
    ours = classification_features(made.checkpoint.tokenizer, *texts, 128)
    for row, one in enumerate(tokenised(peer, "train")):
        length = ours.lengths[row]
        assert sum(one["attention_mask"]) == length
        for name, array in (
            ("input_ids", ours.input_ids),
            ("token_type_ids", ours.segment_ids),
        ):
            assert one[name][:length] == array[row, :length].tolist()
        assert len(one["input_ids"]) == (128 if peer.padding == TO_128 else length)
        assert one["label"] == examples.labels[row]


def test_lengths_are_counted(peer):
    lengths = count_lengths(peer)
    for split in ("train", "dev"):
        real = [sum(one["attention_mask"]) for one in tokenised(peer, split)]
        assert sum(lengths[split]) == ROWS[split]
        assert sum(n * count for n, count in enumerate(lengths[split])) == sum(real)
    shape = model_shape(peer)
    assert (shape["layers"], shape["hidden"]) == (1, CONFIG.hidden_size)


def test_training_is_timed_between_steps(peer):
    found = timed_training(peer, 16, 0)
    assert found["seconds"] >= 0.2
    assert found["examples"] % 16 == 0  # 48 rows are three whole batches
    longest = max(len(one["input_ids"]) for one in tokenised(peer, "train"))
    assert 0 < found["places"] <= found["examples"] * longest
    if peer.padding == TO_128:
        assert found["places"] == found["examples"] * 128


def test_evaluation_is_of_whole_splits(peer):
    found = timed_evaluation(peer)
    assert found["seconds"] >= 0.1
    assert found["examples"] % ROWS["dev"] == 0


def test_a_score_is_that_of_dev(peer):
    score = trained_score(peer, 16, seed=1, learning_rate=1e-2)
    assert score * ROWS["dev"] == pytest.approx(round(score * ROWS["dev"]))
    assert 0 < score <= 1


def test_the_recipe_is_the_documented_one(peer):
    trainer = peer_sweep._trainer(peer, 16, 1, 3e-4, 4)
    trainer.create_optimizer_and_scheduler(100)
    rates = []
    for _ in range(100):
        rates.append(trainer.optimizer.param_groups[0]["lr"])
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    assert rates[0] == 0
    assert rates[10] == max(rates) == pytest.approx(3e-4)  # after a tenth
    assert rates[99] == pytest.approx(3e-4 / 90)
    decays = [group["weight_decay"] for group in trainer.optimizer.param_groups]
    assert sorted(decays) == [0.0, 0.01]
    assert trainer.args.max_grad_norm == 1.0
    assert trainer.args.train_batch_size == 16
