"""The whole pipeline: what it makes, what it repeats, what it leaves out.

Training is made up (tests/suite/made_up.py) but for the slow test at the end.
"""

import io
import json
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from reference.checkpoint import read_checkpoint
from reference.errors import InputError
from reference.instances import InstanceSettings
from suite import environment, pipeline, recorded_sweep
from suite.jobs import Event, Resources
from suite.pipeline import Request, run_named, run_pipeline
from suite.recorded_sweep import Execution, Places
from suite.records import RunDirectory
from suite.sample import SamplePaths
from suite.sources import Checkpoints, Glue
from tests.suite.made_up import MadeUp, result_of
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
    grid=GRID,
    execution=Execution(workers=2),
    name="own",
    run_dir=None,
)


@pytest.fixture
def root(elsewhere) -> Path:
    """Where results and reports go."""
    return elsewhere


@pytest.fixture
def made_up(monkeypatch, miniature) -> MadeUp:
    """The miniature tasks for sample data, and made-up training."""
    executor = MadeUp()
    monkeypatch.setattr(pipeline, "LocalExecutor", executor)
    monkeypatch.setattr(recorded_sweep, "open_executor", executor)
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


def with_seeds(request: Request, grid_seeds: int) -> Request:
    grid = replace(request.grid, seeds=tuple(range(1, grid_seeds + 1)))
    return replace(request, grid=grid)


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
    monkeypatch.setattr(recorded_sweep, "now", lambda: "2099-01-01 00:00 UTC")
    kept = (root / "results/sample", root / "reports")
    before, stacks = contents(*kept), len(made_up.stacks)
    printed = run(REQUEST)
    assert "All 16 trials are recorded" in printed
    assert contents(*kept) == before
    assert len(made_up.stacks) == stacks
    assert len(made_up.pretrained) == 2
    # Removed as an error advises, the labels are written anew.
    (root / "results/sample/labels.npz").unlink()
    run(REQUEST)
    assert contents(*kept) == before
    assert len(made_up.stacks) == stacks


def test_what_was_stopped_goes_on(root, made_up, monkeypatch):
    """Killed at any trial: the same records and report in the end."""
    run(REQUEST)
    whole = contents(root / "reports")
    trials = (root / "results/sample/trials.jsonl").read_text().splitlines(True)
    started = RunDirectory(root / "results/sample").run()["started"]
    monkeypatch.setattr(recorded_sweep, "now", lambda: "2099-01-01 00:00 UTC")
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
    first = with_seeds(replace(REQUEST, checkpoints=(miniature.checkpoint_dir,)), 2)
    run(first)
    run(with_seeds(replace(first, checkpoints=(other,)), 1))
    run(with_seeds(first, 3))
    described = RunDirectory(root / "results/sample").run()
    assert [c["sha256"] for c in described["checkpoints"]] == [
        miniature.checkpoint.sha256,
        read_checkpoint(other).sha256,
    ]
    assert described["seeds"] == [1, 2, 3]
    tasks, batch_sizes = 2, 2
    assert len(made_up.stacks) == tasks * batch_sizes * (1 + 1 + 1)


def test_glue_and_sample_data_share_no_run(root, made_up, miniature, shared):
    run(REQUEST)
    sample = root / "results/sample"
    before = contents(sample)
    with pytest.raises(InputError, match="holds trials on sample data, these are on"):
        recorded_sweep.sweep(
            Places(sample, sample / "work"),
            Checkpoints((miniature.checkpoint_dir,)),
            Glue(shared / "data/glue", None, ("RTE",)),
            GRID,
            Execution(workers=1),
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


def test_the_report_says_what_fresh_seeds_gave(root, made_up, miniature):
    """The tables of the grid stay those of its seed."""
    first = replace(REQUEST, checkpoints=(miniature.checkpoint_dir,))
    run(first)
    before = (root / "reports/sample/glue.md").read_text()
    run(replace(first, grid=replace(GRID, fresh_seeds=(2, 3, 4, 5))))
    after = (root / "reports/sample/glue.md").read_text()
    assert "On fresh seeds" not in before
    assert len(re.findall(r"\| \d+\.\d ± \d+\.\d \(4 seeds\) \|", after)) == 2
    assert after.count("8 trials, 4 of them on fresh seeds, 0 failed") == 2
    assert after.count("measured over 4 fresh seeds of the chosen one") == 2
    of_grid = r"\n\| (?:8|16) \| .*"
    assert re.findall(of_grid, after) == re.findall(of_grid, before)
    described = RunDirectory(root / "results/sample").run()
    assert (described["seeds"], described["fresh_seeds"]) == ([1], [2, 3, 4, 5])


def test_a_part_of_a_train_split_is_run_where_that_is_asked(
    root, made_up, miniature, shared
):
    """And nothing is compared; a stand-in is called one."""
    request = replace(
        REQUEST,
        glue_dir=shared / "data/glue",
        checkpoints=(miniature.checkpoint_dir,),
        tasks=("QNLI", "QQP"),
        partial_train=True,
    )
    printed = run(request)
    reason = "QNLI: only train_partial.tsv is there, 10,475 rows of the official"
    closed = rf"\| QNLI \| accuracy .*\*\*not comparable\*\* \| {reason}"
    assert f"On a part, not comparable: {reason}" in printed
    assert "On a part, not comparable: QQP: only train_partial.tsv" in printed
    assert {stack.task for stack in made_up.stacks} == {"QNLI", "QQP"}
    report = (root / "reports/README.md").read_text()
    assert f"| QNLI | {reason} 104,743 |" in report
    assert "; a stand-in: 50% of them are of label 0, of GLUE's 63% |" in report
    assert re.search(closed, report)
    run(replace(request, tasks=("QNLI", "RTE"), partial_train=False))
    (run_dir,) = (root / "results/runs").iterdir()
    described = RunDirectory(run_dir).run()
    assert (set(described["partial"]), described["skipped"]) == ({"QNLI", "QQP"}, {})


def test_all_test_predictions_are_kept_or_none(root, made_up, miniature, shared):
    request = replace(REQUEST, checkpoints=(miniature.checkpoint_dir,))
    run(request)
    with pytest.raises(InputError, match="was begun without --test-predictions"):
        run(replace(request, test_predictions=True))
    elsewhere = replace(request, run_dir=root / "with", test_predictions=True)
    run(elsewhere)
    assert all(stack.sources.test_predictions for stack in made_up.stacks[-2:])
    with pytest.raises(InputError, match="was begun with --test-predictions"):
        run(replace(elsewhere, test_predictions=False))
    ids = [
        {record.trial.id for record in RunDirectory(path).records()}
        for path in (root / "results/sample", root / "with")
    ]
    assert ids[0] == ids[1]  # what is predicted beside changes no trial


def test_what_failed_is_said_at_the_end(root, made_up, miniature):
    def fate(stack, trial):
        if trial.batch_size == 8 and trial.task == "RTE":
            return "its worker process died (SIGKILL), 2 times"
        return result_of(stack, trial)

    made_up.fate = fate
    printed = run(replace(REQUEST, checkpoints=(miniature.checkpoint_dir,)))
    assert "All 8 trials are recorded in" in printed
    assert "; 2 of them failed. The same command runs 2 trials again" in printed


def test_resources_are_those_of_a_cluster():
    with pytest.raises(InputError, match=r"--gpus, --tpus: .* found no --ray"):
        Execution(resources=Resources(gpus=1))
    assert Execution(ray="auto", resources=Resources(gpus=1)).may_accelerate
    assert not Execution(ray="auto").may_accelerate


@pytest.mark.parametrize(
    ("kind", "expected"), [("gpu", 1), ("cpu", environment.cores())]
)
def test_one_worker_for_an_accelerator(monkeypatch, tmp_path, kind, expected):
    monkeypatch.setattr(recorded_sweep, "open_executor", lambda *_: nullcontext())
    monkeypatch.setattr(recorded_sweep, "kind_of_device", lambda executor: kind)
    monkeypatch.setattr(environment, "may_have_accelerator", lambda: True)
    assert recorded_sweep.worker_count(Execution(), tmp_path) == expected
    assert recorded_sweep.worker_count(Execution(workers=3), tmp_path) == 3


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
