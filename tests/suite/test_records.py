"""Records come back as they were, torn lines are lost alone, edits are noticed."""

import json
import logging
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from reference.errors import InputError
from suite.records import RunDirectory, Trial, TrialRecord

TRIAL = Trial("c" * 64, "RTE", "d" * 64, 32, 1e-4, 0)
RECORD = TrialRecord(
    trial=TRIAL,
    model="BERT-Tiny",
    masking="wordpiece",
    status="finished",
    reason=None,
    degenerate=None,
    scores={"dev": {"accuracy": 0.55}},
    losses=[0.7, 0.69, 0.68, 0.67],
    seconds=3.25,
    ran={"device": "CPU", "stack": 4},
)
FAILED = replace(RECORD, status="failed", reason="loss is not a number", scores={})
LOGITS = {"dev": np.array([[0.5, -0.5], [1.0, 1.0001]], np.float32)}


def trial(seed: int) -> Trial:
    return replace(TRIAL, seed=seed)


def record(seed: int) -> TrialRecord:
    return replace(RECORD, trial=trial(seed))


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


def test_the_id_is_a_fixed_hash():
    """Recomputed here from the documented recipe, so that no id changes unnoticed."""
    assert re.fullmatch("[0-9a-f]{12}", TRIAL.id)
    values = asdict(TRIAL)
    assert values.pop("variation") == ""  # from before there were any
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    assert canonical.endswith(
        '"learning_rate":0.0001,"max_seq_length":128,"precision":"float32","seed":0,'
        '"task":"RTE","warmup_proportion":0.1}'
    )
    assert TRIAL.id == "af882238279d"


@pytest.mark.parametrize(
    "change",
    [
        {"checkpoint": "e" * 64},
        {"task": "MRPC"},
        {"data": "e" * 64},
        {"batch_size": 16},
        {"learning_rate": 3e-4},
        {"seed": 1},
        {"epochs": 3},
        {"max_seq_length": 64},
        {"warmup_proportion": 0.0},
        {"precision": "bfloat16"},
        {"variation": "no-dropout"},
    ],
)
def test_every_field_enters_the_id(change):
    assert replace(TRIAL, **change).id != TRIAL.id


def test_numpy_numbers_give_the_same_id():
    same = replace(TRIAL, batch_size=np.int64(32), learning_rate=np.float64(1e-4))
    assert same.id == TRIAL.id


@pytest.mark.parametrize("original", [RECORD, FAILED])
def test_json_round_trip(original):
    text = json.dumps(original.to_json())
    assert TrialRecord.from_json(json.loads(text)) == original


@pytest.mark.parametrize(
    "change",
    [
        {"status": "done"},
        {"status": "failed"},
        {"reason": "but it finished"},
        {"scores": {}},
        {"scores": {"dev": {"accuracy": float("nan")}}},
        {"losses": [0.7, float("inf")]},
        {"seconds": -1.0},
        {"masking": "span"},
        {"model": ""},
        {"degenerate": ""},
    ],
)
def test_an_impossible_record_is_refused(change):
    with pytest.raises(InputError, match="not a valid value"):
        replace(RECORD, **change)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda r: r.pop("losses"), "missing keys ['losses']"),
        (lambda r: r.update(extra=1), "unknown keys ['extra']"),
        (lambda r: r["trial"].pop("seed"), "missing keys ['seed']"),
        (lambda r: r["trial"].update(seed="0"), "trial.seed: not a valid value: '0'"),
        (lambda r: r["trial"].update(seed=True), "trial.seed: not a valid value"),
        (lambda r: r["trial"].update(seed=5), "the line was edited"),
        (lambda r: r.update(trial=[]), "a trial: missing keys"),
    ],
)
def test_an_edited_line_is_refused(edit, said):
    values = RECORD.to_json()
    edit(values)
    with pytest.raises(InputError, match=re.escape(said)):
        TrialRecord.from_json(values)


def test_appended_records_come_back_in_order(run):
    for seed in (2, 0, 1):
        run.append(record(seed), LOGITS)
    assert [r.trial.seed for r in run.records()] == [2, 0, 1]
    assert run.finished_ids() == {trial(seed).id for seed in range(3)}


def test_the_last_record_of_an_id_counts(run):
    run.append(FAILED)
    assert run.finished_ids() == set()
    run.append(RECORD, LOGITS)
    assert run.records() == [RECORD]
    assert run.finished_ids() == {TRIAL.id}


def test_a_trial_without_its_predictions_is_not_finished(run):
    run.append(RECORD, LOGITS)
    (run.path / "predictions" / f"{TRIAL.id}.npz").unlink()
    assert run.finished_ids() == set()
    with pytest.raises(InputError, match="expected arrays of a run"):
        run.predictions(TRIAL.id)


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_line_is_lost_alone(run, cut, caplog):
    run.append(record(0), LOGITS)
    run.append(record(1), LOGITS)
    trials = run.path / "trials.jsonl"
    trials.write_bytes(trials.read_bytes()[:-cut])
    with caplog.at_level(logging.WARNING):
        assert run.records() == [record(0)]
    assert "line 2: cut off" in caplog.text
    run.append(record(2), LOGITS)
    assert run.records() == [record(0), record(2)]


def test_a_corrupt_line_is_named(run):
    for seed in range(3):
        run.append(record(seed), LOGITS)
    trials = run.path / "trials.jsonl"
    lines = trials.read_bytes().split(b"\n")
    lines[1] = lines[1][:50]
    trials.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match=r"trials\.jsonl, line 2: expected a record"):
        run.records()


def test_logits_keep_their_winner(run):
    """Float16 would tie many of these; the stored class must be the scored class."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (5000, 1)) + rng.normal(0, 1e-4, (5000, 3))
    logits = np.concatenate([logits, [[9e9, 0, -9e9], [0, 0, 0], [0, 1e-30, 0]]])
    logits = logits.astype(np.float32)
    run.append(RECORD, {"dev": logits})
    stored = run.predictions(TRIAL.id)["dev"]
    assert stored.dtype == np.float16
    assert np.all(np.isfinite(stored))
    assert np.array_equal(stored.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_regression_scores_are_kept_exactly(run, shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    run.append(RECORD, {"dev": values})
    stored = run.predictions(TRIAL.id)["dev"]
    assert stored.dtype == np.float32
    assert np.array_equal(stored, values.ravel())


def test_the_same_predictions_are_the_same_bytes(run):
    path = run.path / "predictions" / f"{TRIAL.id}.npz"
    run.append(RECORD, LOGITS)
    before = path.read_bytes()
    run.append(RECORD, LOGITS)
    assert path.read_bytes() == before


def test_labels_add_up(run):
    assert run.labels() == {}
    run.write_labels({"RTE/dev": np.array([0, 1], np.int32)})
    run.write_labels({"STS-B/dev": np.array([2.5], np.float32)})
    labels = run.labels()
    assert set(labels) == {"RTE/dev", "STS-B/dev"}
    assert labels["RTE/dev"].dtype == np.int32


def test_run_json(run):
    with pytest.raises(InputError, match="is this a run directory"):
        run.run()
    run.write_run({"sample": True, "commit": "abc"})
    assert run.run() == {"sample": True, "commit": "abc"}
    run.write_run({"seeds": 1})
    with pytest.raises(
        InputError, match=r"run.json, seeds: expected a list .* found 1"
    ):
        run.run()
    run.write_run({"checkpoints": ["BERT-Tiny"]})
    with pytest.raises(
        InputError, match=r"checkpoints: expected an object .* found 'B"
    ):
        run.run()
    (run.path / "run.json").write_text("{")
    with pytest.raises(InputError, match="expected JSON"):
        run.run()


def test_pickled_arrays_are_not_read(run):
    run.path.mkdir()
    np.savez(run.path / "labels.npz", bad=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="expected arrays"):
        run.labels()


@pytest.mark.parametrize("cut", [0, 30])
def test_arrays_that_are_cut_off_are_named(tmp_path, cut):
    """Removed and resumed, the trial is run again."""
    run = RunDirectory(tmp_path)
    run.write_labels({"RTE/dev": np.zeros(9, np.int32)})
    path = tmp_path / "labels.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"labels.npz: expected arrays .* remove it"):
        run.labels()


def test_a_run_that_does_not_say_what_is_asked_is_named(tmp_path):
    run = RunDirectory(tmp_path)
    run.write_run({"command": "x"})
    assert run.stated("command") == {"command": "x"}
    with pytest.raises(InputError, match=r"run.json: expected device, commit, found"):
        run.stated("device", "command", "commit")
