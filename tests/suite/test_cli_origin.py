"""Where a checkpoint is from, as a user types it: fetched, said, or its shape alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from reference.checkpoint import DESCRIPTION_FILE, write_checkpoint
from reference.configuration import named_size
from reference.files import file_sha256
from reference.variables import variable_shapes
from suite import environment, recorded_sweep
from suite.fetching import checkpoint as fetch_checkpoint
from suite.records import RunDirectory
from tests.suite.cli_place import listing
from tests.suite.fetching.test_unpack import zipped
from tests.suite.made_up import MadeUp
from tests.suite.miniature import PIECES

pytest_plugins = ["tests.suite.fetching.loopback_fixtures"]

RELEASE = "uncased_L-2_H-128_A-2"
SAY = ("--published-as", "BERT-Tiny")


@pytest.fixture(scope="module")
def of_its_shape(tmp_path_factory) -> Path:
    """A checkpoint of BERT-Tiny's shape and vocabulary size, of nobody's weights."""
    config, rng = named_size("BERT-Tiny"), np.random.default_rng(0)
    weights = {
        name: rng.random(shape, np.float32)  # of zeros no archive would be trusted
        for name, shape in variable_shapes(config).items()
    }
    pieces = [*PIECES, *(f"##{number}" for number in range(len(PIECES), 30522))]
    path = tmp_path_factory.mktemp("checkpoints") / "tiny"
    write_checkpoint(path, config, weights, pieces, {})
    return path


@pytest.fixture
def words(place, monkeypatch):
    """A function: a checkpoint -> a command line whose trials are made up."""
    monkeypatch.setattr(recorded_sweep, "open_executor", MadeUp())
    grid = ("--batch-size", 8, "--learning-rate", 1e-4)
    rte = ("--glue-dir", place / "glue", "--tasks", "RTE", "--run-dir", place / "run")
    return lambda checkpoint: ("sweep", "--checkpoint", checkpoint, *rte, *grid)


@pytest.fixture
def reported(typed, place):
    """A function that reports the run and gives the page."""

    def page() -> str:
        tables = place / "tables"
        assert typed("report", place / "run", "--reports-dir", tables).code == 0
        return (tables / "README.md").read_text()

    return page


def origin(place) -> dict:
    (checkpoint,) = RunDirectory(place / "run").run()["checkpoints"]
    return checkpoint["origin"]


def test_a_shape_is_no_evidence_until_who_runs_it_says_so(
    typed, words, place, reported, of_its_shape
):
    """Also when the run is over: nothing is run again."""
    assert typed(*words(of_its_shape)).code == 0
    assert origin(place) == {"kind": "shape"}
    text = reported()
    assert "BERT-Tiny has the shape of BERT-Tiny; nothing else says that it" in text
    assert "| not tested | nothing but its shape says" in text
    assert "| its shape alone |" in text
    trials = (place / "run/trials.jsonl").read_bytes()
    finished = RunDirectory(place / "run").run()["finished"]
    assert typed(*words(of_its_shape), *SAY).code == 0
    assert origin(place) == {"kind": "declared"}
    text = reported()
    assert "BERT-Tiny is said by who ran it to be the published BERT-Tiny (ti" in text
    assert "| not tested | no cell allows a comparison |" in text
    assert "| said by who ran it |" in text
    assert (place / "run/trials.jsonl").read_bytes() == trials
    assert RunDirectory(place / "run").run()["finished"] == finished
    before = listing(place)
    assert typed(*words(of_its_shape), *SAY).code == 0
    assert typed(*words(of_its_shape)).code == 0
    assert listing(place) == before


def test_a_run_of_before_is_resumed(typed, words, place, of_its_shape):
    """Whose run.json does not say where its checkpoint is from."""
    assert typed(*words(of_its_shape)).code == 0
    path = place / "run/run.json"
    said = json.loads(path.read_text())
    del said["checkpoints"][0]["origin"]
    path.write_text(json.dumps(said))
    assert typed("report", place / "run", "--reports-dir", place / "tables").code == 0
    assert typed(*words(of_its_shape), "--seeds", 2, *SAY).code == 0
    assert origin(place) == {"kind": "declared"}


def test_a_run_that_goes_on_elsewhere_names_both_machines(
    typed, words, place, of_its_shape
):
    assert typed(*words(of_its_shape)).code == 0
    run = RunDirectory(place / "run")
    run.write_run(run.run() | {"device": "abacus, 2 cores, Linux"})
    for seeds in (2, 3):
        assert typed(*words(of_its_shape), "--seeds", seeds).code == 0
    expected = f"abacus, 2 cores, Linux; {environment.machine()}"
    assert run.run()["device"] == expected


def test_what_was_fetched_needs_no_word(
    typed, words, place, reported, of_its_shape, server, monkeypatch
):
    files = {path.name: path.read_bytes() for path in of_its_shape.iterdir()}
    archive = zipped(*files.items())
    server.publish(f"{RELEASE}.zip", archive, known=False)
    digest = file_sha256(of_its_shape / "vocab.txt")
    meant = named_size("BERT-Tiny"), digest
    monkeypatch.setattr(fetch_checkpoint, "meant", lambda release: meant)
    fetch = ("fetch", "checkpoint", "BERT-Tiny", "--to", place / "in")
    assert typed(*fetch, "--from", server.url).code == 0
    assert typed(*words(place / "in" / RELEASE)).code == 0
    found = origin(place)
    address = f"{server.url}/{RELEASE}.zip"
    assert (found["kind"], found["address"]) == ("fetched", address)
    assert len(found["sha256"]) == 64
    text = reported()
    known = f"fetched from {address}, SHA-256 `{found['sha256']}`"
    assert f"BERT-Tiny was {known}, as the published BERT-Tiny." in text
    assert f"| {known} |" in text
    assert "| not tested | no cell allows a comparison |" in text


@pytest.fixture
def others(of_its_shape, place) -> None:
    """The same, as if pre-trained here or with whole-word masking."""
    how = {
        "here": {"corpus": ["a"], "settings": {"num_train_steps": 1, "batch_size": 2}},
        "whole_word": {"masking": "whole-word"},
    }
    how["here"]["held_out"] = {
        "masked_lm_accuracy": 0.5,
        "next_sentence_accuracy": 0.5,
    }
    for name, made in how.items():
        shutil.copytree(of_its_shape, place / name)
        (place / name / DESCRIPTION_FILE).write_text(json.dumps(made))


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    ("checkpoint", "name", "said"),
    [
        ("checkpoint", "BERT-Tiny", "of its shape, found vocab_size 24 in place of 30"),
        ("checkpoint", "BERT-Tony", "nothing was published under that name; expected "),
        ("checkpoint", "", "nothing was published under that name"),
        ("here", "BERT-Tiny", "found one pre-trained here on a: 1 step of 2"),
        ("whole_word", "BERT-Tiny", "found one with whole-word masking; leave it away"),
    ],
)
def test_what_cannot_be_is_refused(typed, words, place, checkpoint, name, said):
    before = listing(place)
    ended = typed(*words(place / checkpoint), "--published-as", name)
    assert ended.code == 2
    assert ended.err.startswith(f"Error: --published-as {name}: ")
    assert said in ended.err
    assert listing(place) == before


def test_it_is_said_of_one_checkpoint(typed, words, place):
    before = listing(place)
    ended = typed(*words(place / "checkpoint"), "--checkpoint", place / "other", *SAY)
    assert ended.code == 2
    assert "--published-as BERT-Tiny: expected one --checkpoint, which it" in ended.err
    own = ("--corpus", place / "text.txt", "--vocab", place / "vocab.txt")
    for more in ((), ("--glue-dir", place / "glue", *own)):
        ended = typed("reproduce", "--tasks", "RTE", *more, *SAY)
        assert ended.code == 2
        assert "expected one --checkpoint, which it is said of, found 0" in ended.err
    assert listing(place) == before


def test_it_is_said_to_reproduce_too(typed, words, place, of_its_shape):
    _, *rest = words(of_its_shape)
    assert typed("reproduce", *rest, *SAY).code == 0
    assert origin(place) == {"kind": "declared"}
