"""What a knob does, found again where it is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reference.errors import InputError
from suite import knob_effects
from suite.knob_effects import Pairs, knob_run
from suite.knob_report import write_knob_report
from suite.knobs import KNOBS
from suite.metrics import predictions_from_logits, scores
from suite.records import RunDirectory, Trial, TrialRecord
from suite.statistics import interval
from suite.tasks import TASKS

RTE = TASKS["RTE"]
FAITHFUL, HELPS, NOTHING, HURTS = "", "no-dropout", "second-truncated", "exact-gelu"
SKILL = {FAITHFUL: 0.5, NOTHING: 0.5, HELPS: 0.9, HURTS: 0.1}


def made(path, seeds=8, rows=400, skills=SKILL) -> RunDirectory:
    """A run on RTE; with a knob that changes nothing the very same predictions."""
    run = RunDirectory(path)
    labels = np.random.default_rng(0).integers(0, 2, rows).astype(np.int32)
    run.write_labels({"RTE/dev": labels})
    for knob, skill in skills.items():
        for seed in range(1, seeds + 1):
            rng = np.random.default_rng(seed)
            known = rng.random(rows) < skill
            guessed = np.where(known, labels, rng.integers(0, 2, rows))
            run.append(*record(knob, seed, np.eye(2)[guessed], labels))
    checkpoint = {"name": "BERT-Tiny", "masking": None, "description": "made up"}
    checkpoint |= {"published_as": None, "sha256": "c"}
    run.write_run(
        {
            "command": "python -m suite knobs",
            "commit": "0" * 40,
            "device": "CPU",
            "checkpoints": [checkpoint],
        }
    )
    return run


def record(knob: str, seed: int, logits, labels) -> tuple[TrialRecord, dict]:
    trial = Trial("c", "RTE", "d", 32, 1e-4, seed, variation=knob)
    found = scores(RTE, predictions_from_logits(RTE, logits), labels)
    values = ("BERT-Tiny", "wordpiece", "finished", None, None, {"dev": found})
    return TrialRecord(trial, *values, [0.5], 1.0, {}), {"dev": logits}


def effects(run: RunDirectory) -> dict:
    return {effect.pairs.knob.name: effect for effect in knob_run(run).effects}


def test_many_knobs_do_not_make_a_large_effect_disappear(tmp_path):
    """Of a hundred rows, as Holm corrects, the surest is still below 0.05."""
    effect = effects(made(tmp_path))[HELPS]
    assert effect.at_floor
    assert 100 * effect.p / len(SKILL) < 0.05


def test_effects_are_found(tmp_path):
    found = effects(made(tmp_path))
    assert list(found) == [HURTS, NOTHING, HELPS]
    verdicts = {name: effect.verdict for name, effect in found.items()}
    assert verdicts == {NOTHING: "unchanged", HELPS: "differs", HURTS: "differs"}
    # Half of what is not known is guessed right.
    assert found[HELPS].low < 100 * (0.9 - 0.5) / 2 < found[HELPS].high
    assert found[HURTS].low < 100 * (0.1 - 0.5) / 2 < found[HURTS].high
    assert found[HELPS].sign_flip.p == found[HELPS].sign_flip.smallest == 2 / 2**8
    nothing = found[NOTHING]
    assert (nothing.mean, nothing.low, nothing.high, nothing.p) == (0, 0, 0, 1)


def test_knobs_stand_in_their_order_however_they_were_finished(tmp_path):
    asked = {FAITHFUL: 0.5, HELPS: 0.5, HURTS: 0.5}
    backwards = dict(reversed(asked.items()))
    orders = [
        list(effects(made(tmp_path / name, seeds=2, rows=71, skills=skills)))
        for name, skills in (("one", asked), ("two", backwards))
    ]
    assert orders == [[HURTS, HELPS]] * 2


@pytest.mark.parametrize(
    ("skill", "verdict"), [(0.5, "no effect"), (0, "inconclusive")]
)
def test_no_effect_is_one_that_leaves_what_was_learnt(tmp_path, skill, verdict):
    """Nothing is bounded by a margin that holds the loss of all."""
    seeds, rows = 8, 4000
    run = made(tmp_path, seeds, rows, {FAITHFUL: skill, HELPS: skill})
    labels = run.labels()["RTE/dev"]
    # Of each trial two predictions are turned around.
    for one in [r for r in run.records() if r.trial.variation]:
        logits = run.predictions(one.trial.id)["dev"].copy()
        logits[:2] = logits[:2, ::-1]
        run.append(*record(HELPS, one.trial.seed, logits, labels))
    effect = effects(run)[HELPS]
    assert max(-effect.low, effect.high) < effect.margin
    assert (effect.pairs.learnt > effect.margin) == (skill > 0)
    assert effect.verdict == verdict


def test_two_checkpoints_in_one_run_are_refused(tmp_path):
    run = made(tmp_path)
    labels = run.labels()["RTE/dev"]
    other, predictions = record(HELPS, 1, np.eye(2)[labels], labels)
    other = replace(other, trial=replace(other.trial, checkpoint="d"))
    run.append(other, predictions)
    with pytest.raises(InputError, match="of RTE that differ in knob and seed alone"):
        knob_run(run)


def test_a_small_effect_of_few_examples_is_inconclusive(tmp_path):
    found = effects(
        made(tmp_path, seeds=2, rows=71, skills={FAITHFUL: 0.5, HELPS: 0.55})
    )
    assert found[HELPS].verdict == "inconclusive"
    assert found[HELPS].sign_flip.smallest == 0.5


def test_more_seeds_than_are_enumerated(tmp_path):
    """Signs are then flipped at random, alike each time."""
    run = made(tmp_path, seeds=21, skills={FAITHFUL: 0.5, HELPS: 0.9, HURTS: 0.5})
    found = effects(run)
    assert found[HELPS].sign_flip.p == found[HELPS].sign_flip.smallest == 1e-5
    assert found[HURTS].sign_flip.p == 1
    assert [effect.sign_flip for effect in effects(run).values()] == [
        effect.sign_flip for effect in found.values()
    ]


@pytest.mark.parametrize("seeds", [0, 1])
def test_fewer_than_two_pairs_show_nothing(tmp_path, seeds):
    run = made(tmp_path, seeds=3, skills={FAITHFUL: 0.5})
    labels = run.labels()["RTE/dev"]
    for seed in range(1, seeds + 1):
        run.append(*record(HELPS, seed, np.eye(2)[labels], labels))
    assert knob_run(run).effects == ()


def test_failed_trials_are_named_and_degenerate_ones_counted(tmp_path):
    run = made(tmp_path / "knobs", skills={FAITHFUL: 0.5, HELPS: 0.9})
    first, *_ = run.records()
    broken = {"status": "failed", "reason": "diverged: …", "scores": {}}
    trial = replace(first.trial, variation=HELPS, seed=3)
    run.append(replace(first, trial=trial, **broken))
    flat = replace(first.trial, variation=HELPS, seed=4)
    run.append(replace(first, trial=flat, degenerate="constant predictions"))
    found = knob_run(run)
    (effect,) = found.effects
    assert 3 not in effect.pairs.seeds
    page, _ = write_knob_report(tmp_path, tmp_path / "reports")
    text = page.read_text()
    assert "1 trial failed: RTE no-dropout seed 3." in text
    assert effect.pairs.degenerate == (0, 1)
    assert f" {effect.verdict} | 0, 1 |" in text


def test_the_report_is_the_same_twice(tmp_path):
    made(tmp_path / "runs" / "knobs")
    written = [
        {
            path.name: path.read_bytes()
            for path in write_knob_report(tmp_path / "runs", out)
        }
        for out in (tmp_path / "one", tmp_path / "two")
    ]
    assert written[0] == written[1]
    assert set(written[0]) == {"knobs.md", "knobs_knobs.svg"}
    page = written[0]["knobs.md"].decode()
    assert "\nBERT-Tiny, made up; batch 32" in page
    run = RunDirectory(tmp_path / "runs" / "knobs")
    own = [r.scores["dev"]["accuracy"] for r in run.records() if not r.trial.variation]
    labels = run.labels()["RTE/dev"]
    constant = 100 * max(np.mean(labels == answer) for answer in (0, 1))
    ours = 100 * np.mean(own)
    assert f"| RTE | no-dropout | 8 | {constant:.1f} | {ours:.1f} |" in page
    assert ours > constant
    assert "No higher than a constant answer" not in page
    assert KNOBS[HURTS].otherwise in page


def test_a_task_that_was_not_learnt_is_named(tmp_path):
    run = made(tmp_path / "runs" / "knobs")
    with np.load(run.path / "labels.npz") as labels:
        alike = {name: np.zeros_like(own) for name, own in labels.items()}
    np.savez(run.path / "labels.npz", **alike)
    (page, _) = write_knob_report(tmp_path / "runs", tmp_path)
    said = "No higher than a constant answer as in the sweep: RTE ("
    assert said in page.read_text()
    assert "; a constant answer 100.0)" in page.read_text()


def test_no_run_is_said_to_be_none(tmp_path):
    (page,) = write_knob_report(tmp_path / "none", tmp_path)
    assert "Nothing is recorded yet" in page.read_text()


def test_the_interval_holds_the_truth(monkeypatch):
    """Of many made-up pairs without an effect, some 5 % exclude 0."""
    monkeypatch.setattr(knob_effects, "RESAMPLES", 400)
    missed, runs, seeds, rows = 0, 150, 8, 100
    for number in range(runs):
        rng = np.random.default_rng(number)
        labels = rng.integers(0, 2, rows)
        # Examples of unequal difficulty, which both sides share.
        chance = rng.beta(2, 1, rows)
        sides = [
            np.where(rng.random((seeds, rows)) < chance, labels, 1 - labels)
            for _ in range(2)
        ]
        ids = tuple(range(seeds))
        pairs = Pairs(RTE, KNOBS[HELPS], ids, *sides, labels, ())
        low, high = interval(pairs.draws(rng))
        missed += not low <= 0 <= high
    # Here all error is of examples and seeds at once, and is counted for both: the
    # interval is wide rather than narrow. So no more misses than 99 % of the time.
    assert missed <= stats.binom.ppf(0.99, runs, 0.05)
