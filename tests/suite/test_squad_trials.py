"""SQuAD in miniature: a sweep as typed, its records, answers and page."""

import json
from random import Random

import numpy as np
import pytest

from suite import recorded_sweep
from suite.jobs import Event
from suite.records import RunDirectory
from suite.squad_files import read_squad
from suite.squad_metrics import question_scores
from suite.squad_report import write_squad_report
from tests.suite.cli_place import listing
from tests.suite.miniature import WORDS, write_checkpoint_to


class Here:
    """An executor that does every job in this process, one after the other."""

    def __call__(self, *_) -> "Here":
        return self

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *_) -> None:
        pass

    def run(self, jobs):
        for job in jobs:
            yield Event("done", job, job.function(*job.arguments, lambda said: None))


def questions(seed: int, count: int) -> dict:
    """One word of the context is asked for: the one that is no letter."""
    rng, paragraphs = Random(seed), []
    for number in range(count):
        words = rng.choices(WORDS[:16], k=rng.randint(4, 12))
        answer, place = rng.choice(WORDS[16:]), rng.randrange(len(words))
        words.insert(place, answer)
        given = {"text": answer, "answer_start": len(" ".join(["", *words[:place]]))}
        asked = {"id": f"{seed}-{number}", "question": "a b", "answers": [given]}
        paragraphs.append({"context": " ".join(words), "qas": [asked]})
    return {"version": "1.1", "data": [{"title": "-", "paragraphs": paragraphs}]}


@pytest.fixture(scope="module")
def squad(tmp_path_factory):
    """A checkpoint and two files of questions."""
    directory = tmp_path_factory.mktemp("squad")
    write_checkpoint_to(directory / "checkpoint")
    for seed, (name, count) in enumerate({"train": 96, "dev": 40}.items()):
        (directory / f"{name}-v1.1.json").write_text(json.dumps(questions(seed, count)))
    return directory


@pytest.fixture
def words(squad, tmp_path, monkeypatch) -> list:
    monkeypatch.setattr(recorded_sweep, "open_executor", Here())
    return [
        *("squad", "--checkpoint", squad / "checkpoint", "--squad-dir", squad),
        *("--run-dir", tmp_path / "squad/run", "--max-seq-length", 70),
        *("--batch-size", 8, "--learning-rate", 1e-2, 1e-38, "--epochs", 12),
    ]


def test_a_sweep_on_squad(typed, words, squad, tmp_path):
    ended = typed(*words)
    assert (ended.code, ended.err) == (0, "")
    run = RunDirectory(tmp_path / "squad/run")
    assert f"All 2 trials are recorded in {run.path}" in ended.out
    learnt, still = run.records()
    # A guess among some nine words.
    assert learnt.scores["dev"]["f1"] > 0.6 > 0.4 > still.scores["dev"]["f1"]
    dev = read_squad(squad / "dev-v1.1.json").examples
    kept = run.predictions(learnt.trial.id)
    assert kept["f1"].mean() == pytest.approx(learnt.scores["dev"]["f1"])
    (answers,) = tmp_path.rglob(f"{learnt.trial.id}.json")
    found = question_scores(dev, json.loads(answers.read_text()))
    np.testing.assert_allclose(kept["exact_match"], found.exact_match)
    assert run.run()["squad"]["train"]["completeness"] == "partial"
    before = listing(run.path)
    assert typed(*words).code == 0
    assert listing(run.path) == before
    (page,) = write_squad_report(tmp_path / "squad", tmp_path / "reports")
    text = page.read_text()
    assert "Trained on 96 of 87,599 questions of the train split" in text
    assert "Selected on dev, of 2 trials: batch 8, lr 0.01: exact match" in text
    assert "| BERT-Large, Uncased (Whole Word Masking) | f1 | 92.8 |" in text


def test_files_by_name(typed, words, squad, tmp_path):
    (place,) = [n for n, word in enumerate(words) if word == "--squad-dir"]
    extra = squad / "extra.json"
    extra.write_text(json.dumps(questions(7, 8)))
    named = ["--train", squad / "train-v1.1.json", extra]
    named += ["--dev", squad / "dev-v1.1.json"]
    ended = typed(*words[:place], *named, *words[place + 2 :], "--epochs", 1)
    assert ended.code == 0
    about = RunDirectory(tmp_path / "squad/run").run()["squad"]
    assert about["train"]["files"] == ["train-v1.1.json", "extra.json"]
    assert about["train"]["questions"] == 104
    again = [*named[:2], named[1], *named[3:]]
    ended = typed(*words[:place], *again, *words[place + 2 :])
    assert ended.code == 2
    assert "expected other questions than in the files before it" in ended.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ([], "expected --squad-dir DIR, or --train FILE... and --dev FILE"),
        (["--squad-dir", "."], "train-v1.1.json: expected SQuAD 1.1 under its"),
        (["--squad-dir", ".", "--dev", "dev.json"], "leave --train and --dev away"),
        (["--train", "nowhere.json", "--dev", "nowhere.json"], "nowhere.json"),
    ],
)
def test_refusals(typed, squad, tmp_path, change, said):
    run = ["--run-dir", tmp_path / "run", "--max-seq-length", 70]
    ended = typed("squad", "--checkpoint", squad / "checkpoint", *run, *change)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "run").exists()


def test_no_run_is_said_to_be_none(tmp_path):
    (page,) = write_squad_report(tmp_path / "none", tmp_path)
    assert "Nothing is recorded yet" in page.read_text()
