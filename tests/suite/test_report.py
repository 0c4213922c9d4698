"""Whole reports: the same bytes twice, every number traceable, the right words."""

import re

import pytest

from suite.markdown import SAMPLE_NOTE
from suite.records import RunDirectory
from suite.report import write_report
from suite.tasks import GLUE_TASKS
from tests.suite import synthetic


@pytest.fixture(scope="module")
def report(tmp_path_factory, small_run):
    folder = tmp_path_factory.mktemp("reports")
    write_report(small_run, folder)
    return folder


def read_all(folder):
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_the_same_run_gives_the_same_bytes(tmp_path, report, small_run):
    before = read_all(small_run)
    written = write_report(small_run, tmp_path)
    assert read_all(tmp_path) == read_all(report)
    assert {str(p.relative_to(tmp_path)) for p in written} == set(read_all(tmp_path))
    assert read_all(small_run) == before


def test_files_and_links(report):
    names = set(read_all(report))
    assert {"README.md", "glue.md", "masking.md"} <= names
    linked = set()
    for page in ("README.md", "glue.md", "masking.md"):
        text = (report / page).read_text()
        for link in re.findall(r"\]\(([^)]+)\)", text):
            assert (report / link).exists()
            linked.add(link)
    assert names - {"README.md"} <= linked


def test_every_page_leads_to_the_records(report, small_run):
    for page in ("README.md", "glue.md", "masking.md"):
        (way,) = re.findall(
            r"Records: \[`small`\]\(([^)]+)\)", (report / page).read_text()
        )
        assert (report / way).resolve() == small_run.resolve()


def test_no_number_is_nan(report):
    for name, content in read_all(report).items():
        if name.endswith(".md"):
            assert not re.search(rb"\b(nan|NaN|None|inf)\b", content), name


def test_every_trial_is_listed(report, small_run):
    ids = {r.trial.id for r in RunDirectory(small_run).records()}
    found = set(re.findall(r"`([0-9a-f]{12})`", (report / "glue.md").read_text()))
    assert found == ids


def test_the_summary_counts(report):
    text = (report / "README.md").read_text()
    assert "2 checkpoints fine-tuned on 2 tasks (MRPC, STS-B): 32 trials" in text
    assert "24 finished, 8 failed, 0 degenerate" in text
    assert "whole-word masking**, 15 cells: 11 not run, 4 not comparable" in text
    assert SAMPLE_NOTE not in text


def test_failed_trials_are_named(report):
    text = (report / "glue.md").read_text()
    assert text.count("failed: loss is not a number") == 8
    assert "8 trials, 2 failed, 0 degenerate" in text


def test_the_selected_cell_is_bold(report):
    text = (report / "glue.md").read_text()
    sections = re.split(r"^### (?=MRPC|STS-B)", text, flags=re.MULTILINE)[1:]
    assert len(sections) == 4
    for section in sections:
        grid = section.split("<details>")[0].split("trials, ")[0]
        assert len(re.findall(r"\*\*\d+\.\d\*\*", grid)) == 1


def test_one_pair_is_said_to_show_little(report):
    text = (report / "masking.md").read_text()
    assert "One pre-training run per masking" in text
    assert "no p below 1" in text


def test_every_table_of_a_sample_run_says_so(tmp_path):
    options = synthetic.Synthetic(
        tasks=tuple(GLUE_TASKS),
        checkpoints=(synthetic.Checkpoint(), synthetic.WHOLE_WORD),
        test_labels=("AX", "RTE"),
        sample=True,
        rows=71,
        batch_sizes=(8,),
        learning_rates=(1e-4,),
    )
    run = synthetic.make_run(tmp_path / "run", options)
    write_report(run.path, tmp_path / "reports")
    for page in (tmp_path / "reports").glob("*.md"):
        lines = page.read_text().split("\n")
        rules = [n for n, line in enumerate(lines) if line.startswith("| ---")]
        assert rules
        for number in rules:
            assert SAMPLE_NOTE in lines[number - 3]
    figures = {p.name for p in (tmp_path / "reports" / "figures").rglob("*.svg")}
    assert any(name.startswith("grid") for name in figures)
    assert not any(name.startswith("forest") for name in figures)


@pytest.mark.parametrize(
    "options",
    [
        {"tasks": ("WNLI",), "fail": 20},
        {"tasks": ("WNLI", "CoLA", "STS-B", "MRPC"), "constant": True},
        {"tasks": ("RTE",), "seeds": 3, "fail": 1},
        {"tasks": ("RTE",), "batch_sizes": (8,), "learning_rates": (1e-4,)},
    ],
    ids=["all failed", "constant", "seeds", "one trial"],
)
def test_awkward_runs_are_reported(tmp_path, options):
    run = synthetic.make_run(tmp_path / "run", synthetic.Synthetic(**options))
    write_report(run.path, tmp_path / "reports")
    text = (tmp_path / "reports" / "README.md").read_text()
    glue = (tmp_path / "reports" / "glue.md").read_text()
    verdicts = text.split("\n### ")[1].split("\n## ")[0]
    assert verdicts.count("| **") == 15
    assert not re.search(r"\bnan\b", text + glue)
    if options.get("constant"):
        assert "20 degenerate" in glue
        assert "†" in glue
        assert "**degenerate**" in text
