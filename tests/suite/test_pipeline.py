"""The whole pipeline: what it makes, what it repeats, what it leaves out.

Training is made up (tests/suite/made_up.py) but for the slow test at the end.
"""

import functools
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reference.checkpoint import read_checkpoint
from reference.errors import InputError
from reference.instances import InstanceSettings
from suite import pipeline
from suite.executor import Event
from suite.pipeline import Request, run_named, run_pipeline
from suite.records import RunDirectory
from suite.sample import SamplePaths
from suite.sources import Glue
from suite.sweep import Grid
from tests.suite.made_up import MadeUp
from tests.suite.miniature import GRID, WORDS, write_checkpoint_to

REQUEST = Request(
    glue_dir=None,
    test_labels=None,
    corpus=(),
    vocab=None,
    checkpoints=(),
    models=("BERT-Tiny",),
    tasks=("SST-2", "RTE"),
    pretrain_steps=None,
    seeds=1,
    name="own",
    run_dir=None,
    workers=2,
)


@pytest.fixture
def root(elsewhere, monkeypatch) -> Path:
    """Where results and reports go; the grid is cut short."""
    lists = {"batch_sizes": GRID.batch_sizes, "learning_rates": GRID.learning_rates}
    monkeypatch.setattr(pipeline, "Grid", functools.partial(Grid, **lists, epochs=1))
    return elsewhere


@pytest.fixture
def made_up(monkeypatch, miniature) -> MadeUp:
    """The miniature tasks for sample data, and made-up training."""
    executor = MadeUp()
    monkeypatch.setattr(pipeline, "LocalExecutor", executor)
    corpus = miniature.directory / "corpus.txt"
    corpus.write_text("".join(f"{word} a b\nc d e\n\n" for word in WORDS))
    paths = SamplePaths(
        corpus,
        miniature.checkpoint_dir / "vocab.txt",
        miniature.glue.directory,
        miniature.glue.test_labels,
    )
    monkeypatch.setattr(pipeline, "write_sample", lambda directory: paths)
    short = InstanceSettings(max_seq_length=16, max_predictions_per_seq=3)
    monkeypatch.setattr(pipeline, "SAMPLE_INSTANCES", short)
    return executor


def run(request: Request) -> str:
    """What was printed."""
    console = Console(file=io.StringIO(), soft_wrap=True)
    run_pipeline(request, console)
    return console.file.getvalue()


def contents(*directories: Path) -> dict[Path, bytes]:
    files = [p for folder in directories for p in folder.rglob("*") if p.is_file()]
    return {path: path.read_bytes() for path in files}


def test_from_text_to_tables(root, made_up):
    printed = run(REQUEST)
    assert made_up.pretrained == ["BERT-Tiny wordpiece", "BERT-Tiny whole-word"]
    records = RunDirectory(root / "results/sample").records()
    assert len(records) == 2 * 2 * 4  # maskings, tasks, configurations
    assert {(r.masking, r.trial.task) for r in records} == {
        (masking, task)
        for masking in ("wordpiece", "whole-word")
        for task in ("SST-2", "RTE")
    }
    assert "|" not in (root / "README.md").read_text()  # no place for sample scores
    for page in ("README.md", "glue.md", "masking.md"):
        text = (root / "reports/sample" / page).read_text()
        assert "not comparable with published scores" in text
    assert f"Report: {root / 'reports/sample/README.md'}" in printed
    described = json.loads((root / "results/sample/run.json").read_text())
    assert described["sample"] is True
    assert [c["masking"] for c in described["checkpoints"]] == [
        "wordpiece",
        "whole-word",
    ]
    assert described["started"] <= described["finished"]


def test_run_again_it_does_nothing_and_leaves_the_same_bytes(
    root, made_up, monkeypatch
):
    run(REQUEST)
    monkeypatch.setattr(pipeline, "_now", lambda: "2099-01-01 00:00 UTC")
    kept = (root / "results/sample", root / "reports")
    before, stacks = contents(*kept), len(made_up.stacks)
    printed = run(REQUEST)
    assert "All 16 trials are recorded" in printed
    assert contents(*kept) == before
    assert len(made_up.stacks) == stacks
    assert len(made_up.pretrained) == 2


def test_what_was_stopped_goes_on(root, made_up, monkeypatch):
    """Killed at any trial: the same records and report in the end."""
    run(REQUEST)
    whole = contents(root / "reports")
    trials = (root / "results/sample/trials.jsonl").read_text().splitlines(True)
    started = RunDirectory(root / "results/sample").run()["started"]
    monkeypatch.setattr(pipeline, "_now", lambda: "2099-01-01 00:00 UTC")
    for kept in (0, 1, 5, 15):
        text = "".join(trials[:kept])
        (root / "results/sample/trials.jsonl").write_text(text)
        run(REQUEST)
        found = (root / "results/sample/trials.jsonl").read_text().splitlines(True)
        assert sorted(found) == sorted(trials)
        assert len(made_up.pretrained) == 2
        described = RunDirectory(root / "results/sample").run()
        assert described["started"] == started
        assert described["finished"] == "2099-01-01 00:00 UTC"
    tables = {path: text for path, text in whole.items() if path.name != "README.md"}
    assert contents(root / "reports").items() >= tables.items()


def test_a_model_is_added_and_the_others_are_kept(root, made_up):
    run(REQUEST)
    run(replace(REQUEST, models=("BERT-Tiny", "BERT-Mini")))
    assert made_up.pretrained[2:] == ["BERT-Mini wordpiece", "BERT-Mini whole-word"]


def test_another_budget_is_not_taken_for_the_same(root, made_up):
    run(REQUEST)
    with pytest.raises(InputError, match="begun on other text, vocabulary or settings"):
        run(replace(REQUEST, pretrain_steps=7))


def test_checkpoints_are_not_pretrained(root, made_up, miniature):
    run(replace(REQUEST, checkpoints=(miniature.checkpoint_dir,)))
    assert made_up.pretrained == []
    (described,) = RunDirectory(root / "results/sample").run()["checkpoints"]
    assert described["sha256"] == miniature.checkpoint.sha256


def test_a_checkpoint_is_added_to_a_run(root, made_up, miniature, tmp_path):
    """What was recorded of the others stays, and none is named twice."""
    other = tmp_path / "other"
    write_checkpoint_to(other, lambda weights: {n: 2 * w for n, w in weights.items()})
    first = replace(REQUEST, checkpoints=(miniature.checkpoint_dir,), seeds=2)
    run(first)
    run(replace(first, checkpoints=(other,), seeds=1))
    run(replace(first, checkpoints=(miniature.checkpoint_dir,), seeds=3))
    described = RunDirectory(root / "results/sample").run()
    assert [c["sha256"] for c in described["checkpoints"]] == [
        miniature.checkpoint.sha256,
        read_checkpoint(other).sha256,
    ]
    assert described["seeds"] == [1, 2, 3]
    tasks, batch_sizes = 2, 2
    assert len(made_up.stacks) == tasks * batch_sizes * (2 + 1 + 1)


def test_glue_and_sample_data_share_no_run(root, made_up, miniature, shared):
    run(REQUEST)
    sample = root / "results/sample"
    before = contents(sample)
    with pytest.raises(InputError, match="holds trials on sample data, these are on"):
        pipeline.sweep(
            pipeline.Places(sample, sample / "work"),
            (miniature.checkpoint_dir,),
            Glue(shared / "data/glue", None, ("RTE",)),
            GRID,
            1,
            Console(file=io.StringIO()),
        )
    assert contents(sample) == before


def test_a_failed_stage_says_what_went_wrong(root, made_up, monkeypatch):
    def broken(job, *arguments):
        yield Event("failed", job, "Traceback …\nMemoryError: too much\n")

    monkeypatch.setattr(made_up, "_pretrain_one", broken)
    with pytest.raises(
        RuntimeError, match="pre-training failed: MemoryError: too much"
    ):
        run(REQUEST)


def test_partial_tasks_are_reported_as_skipped(root, made_up, miniature, shared):
    """A random part of the official train split is there, and is not trained on."""
    glue = shared / "data/glue"
    partial = ("MNLI", "QNLI", "QQP")
    request = replace(
        REQUEST,
        glue_dir=glue,
        checkpoints=(miniature.checkpoint_dir,),
        tasks=(*partial, "RTE"),
    )
    printed = run(request)
    assert {stack.task for stack in made_up.stacks} == {"RTE"}
    (run_dir,) = (root / "results/runs").iterdir()
    skipped = RunDirectory(run_dir).run()["skipped"]
    assert tuple(skipped) == partial
    report = (root / "reports/README.md").read_text()
    assert "| RTE | accuracy |" in (root / "README.md").read_text()
    for reason in skipped.values():
        assert f"Not run: {reason}" in printed
        assert reason in report
    assert "rows of the official 392,702" in skipped["MNLI"]


@pytest.fixture
def rte(made_up, miniature, shared) -> Request:
    """A checkpoint on a whole task of GLUE."""
    checkpoints = (miniature.checkpoint_dir,)
    glue_dir = shared / "data/glue"
    return replace(REQUEST, glue_dir=glue_dir, checkpoints=checkpoints, tasks=("RTE",))


def test_a_run_elsewhere_does_not_touch_the_readme(root, rte):
    (root / "README.md").write_text("no place for a table\n")
    run(replace(rte, run_dir=root / "elsewhere"))
    assert (root / "README.md").read_text() == "no place for a table\n"
    assert "elsewhere" in (root / "reports/README.md").read_text()


@pytest.mark.parametrize("run_dir", [None, "results/runs/of_mine"])
def test_a_readme_without_a_place_is_found_before_the_work(root, rte, made_up, run_dir):
    (root / "README.md").write_text("no place for a table\n")
    request = replace(rte, run_dir=run_dir and root / run_dir)
    with pytest.raises(InputError, match=r"README\.md: expected the lines"):
        run(request)
    assert made_up.stacks == []
    assert not (root / "results").exists()


def test_nothing_is_pretrained_for_tasks_that_cannot_be_run(
    root, made_up, miniature, shared
):
    request = replace(
        REQUEST,
        glue_dir=shared / "data/glue",
        corpus=(miniature.directory / "corpus.txt",),
        vocab=miniature.checkpoint_dir / "vocab.txt",
        tasks=("QQP",),
    )
    with pytest.raises(InputError, match="none of QQP can be run"):
        run(request)
    assert made_up.pretrained == []
    assert not (root / "results").exists()


def test_a_run_is_found_by_its_name(tmp_path):
    fresh = run_named("tiny", tmp_path)
    assert fresh.parent == tmp_path
    assert "_tiny_" in fresh.name
    for name in ("2026-01-01_tiny_aaaaaaa", "2026-03-01_tiny_bbbbbbb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
    (tmp_path / "2026-04-01_tiny-2_ccccccc").mkdir()
    (tmp_path / "2026-04-01_tiny-2_ccccccc/run.json").touch()
    (tmp_path / "2026-05-01_tiny_ddddddd").mkdir()  # begun, and nothing recorded
    assert run_named("tiny", tmp_path).name == "2026-03-01_tiny_bbbbbbb"


@pytest.mark.parametrize("name", ["", "a b", "../x", "a_b", "*"])
def test_a_name_is_no_path_and_no_pattern(name, tmp_path):
    with pytest.raises(InputError, match="--name"):
        run_named(name, tmp_path)


@pytest.mark.slow
def test_all_of_it_in_earnest(root, monkeypatch):
    """Sample data, pre-training, fine-tuning, workers: nothing made up but the size."""
    short = InstanceSettings(
        max_seq_length=32, max_predictions_per_seq=5, dupe_factor=1
    )
    monkeypatch.setattr(pipeline, "SAMPLE_INSTANCES", short)
    request = replace(REQUEST, tasks=("STS-B",), pretrain_steps=5)
    run(request)
    records = RunDirectory(root / "results/sample").records()
    assert len(records) == 2 * 4
    assert {record.status for record in records} == {"finished"}
    kept = (root / "results/sample", root / "reports")
    before = contents(*kept)
    run(request)
    assert contents(*kept) == before
