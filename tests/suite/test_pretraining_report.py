"""The page about pre-training from made-up records: curves, and stacks beside alone."""

import json
from pathlib import Path

import pytest

from suite.pretraining_report import read_record, write_pretraining_report

HELD_OUT = {
    "masked_lm_accuracy": 0.125,
    "masked_lm_loss": 6.5,
    "next_sentence_accuracy": 0.75,
    "next_sentence_loss": 0.5,
}
BOTH = ["wordpiece_seed1", "whole-word_seed1"]
ALONE = "[`alone`](../results/pretraining/alone)"


def record(directory: Path, name: str, trials: list[str], losses: dict, **changes):
    """A record whose line of a step has the losses given for it."""
    (directory / name).mkdir(parents=True)
    run = {
        "command": "python -m suite pretrain --record x",
        "commit": "0123456789",
        "machine": "a machine",
        "ran_on": {"backend": "numpy 1", "device": "CPU"},
        "model": "BERT-Tiny",
        "trials": trials,
        "text": [{"files": ["a", "b"], "num_train_steps": 400, "batch_size": 32}],
        "instances": 1234,
        "settings": {"learning_rate": 5e-4},
        "held_out": [HELD_OUT] * len(trials),
    }
    (directory / name / "run.json").write_text(json.dumps(run | changes))
    lines = [
        {"step": s, "loss": loss, "learning_rate": 0.1} for s, loss in losses.items()
    ]
    lines[-1]["held_out"] = [HELD_OUT] * len(trials)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (directory / name / "metrics.jsonl").write_text(text)


@pytest.fixture
def records(tmp_path) -> Path:
    losses = {20: [8.0, 9.0], 40: [7.0, 8.0], 200: [6.0, 7.0], 400: [5.0, 6.0]}
    record(tmp_path, "both", BOTH, losses)
    alone = {20: [9.0 * (1 - 1e-6)], 40: [8.0 * (1 - 1e-4)], 200: [7.0 * (1 - 1e-2)]}
    record(tmp_path, "alone", BOTH[1:], alone, ran_on=None, instances=None)
    return tmp_path


def page(records: Path, reports: Path) -> str:
    written = write_pretraining_report(records, reports)
    assert all(path.exists() for path in written)
    return written[0].read_text()


def test_curves_and_where_they_are_from(records, tmp_path):
    text = page(records, tmp_path / "reports")
    assert "BERT-Tiny, 2 trials side by side, 400 steps of 32" in text
    assert "2 texts with 1,234 sequences in all" in text
    assert "numpy 1, CPU, a machine at commit `0123456`" in text
    assert (
        "| 400 | wordpiece_seed1 | 5.000 | 0.1250 | 6.5000 | 0.7500 | 0.5000 |" in text
    )
    assert "figures/pretraining_both.svg" in text
    assert "## alone" not in text


def test_the_length_of_sequences_where_it_was_recorded(records, tmp_path):
    path = records / "both/run.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"max_seq_lengths": [64]})
    )
    text = page(records, tmp_path / "reports")
    assert "side by side, 400 steps of 32 sequences of 64, on 2 texts" in text


def test_a_trial_alone_is_laid_beside_the_stack(records, tmp_path):
    text = page(records, tmp_path / "reports")
    assert f"| whole-word_seed1 | {ALONE} | 1 to 20 | 1.0e-06 | – |" in text
    assert f"| whole-word_seed1 | {ALONE} | 1 to 200 | 1.0e-02 | 3.4e-03 |" in text


@pytest.mark.parametrize(
    "changes", [{"settings": {"learning_rate": 1e-3}}, {"model": "BERT-Mini"}]
)
def test_another_run_is_not_compared(records, tmp_path, changes):
    other = read_record(records / "alone")
    (records / "alone" / "run.json").write_text(json.dumps(other.run | changes))
    assert f"{ALONE} | 1 to" not in page(records, tmp_path / "reports")


def test_the_same_bytes_again(records, tmp_path):
    first, second = (
        [path.read_bytes() for path in write_pretraining_report(records, tmp_path / n)]
        for n in ("one", "two")
    )
    assert first == second


def test_nothing_recorded_is_said(tmp_path):
    assert "Nothing is recorded yet" in page(tmp_path / "none", tmp_path)
