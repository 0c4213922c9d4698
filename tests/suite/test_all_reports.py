"""Everything under reports/ from everything under results/, and held against it."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest

from suite import readme
from suite.all_reports import differences, recorded_runs
from suite.environment import ROOT
from suite.records import RunDirectory
from tests.suite.synthetic import Checkpoint, Synthetic, make_run

PAGES = {
    *("README.md", "glue.md", "masking.md", "squad.md", "knobs.md"),
    *("distillation.md", "repeats.md", "pretraining.md", "data.md", "performance.md"),
}
NEWER, OLDER = "2026-03-01_a_0", "2026-02-01_b_0"


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory) -> Path:
    small = {"rows": 71, "batch_sizes": (8,), "learning_rates": (3e-4, 1e-4)}
    path = tmp_path_factory.mktemp("runs") / "tiny"
    return make_run(path, Synthetic(tasks=("RTE",), **small)).path


@pytest.fixture
def project(elsewhere, tiny_run) -> Path:
    """A project with one recorded run, published."""
    shutil.copytree(tiny_run, elsewhere / "results/runs" / OLDER)
    readme.publish_all()
    return elsewhere


def contents(project: Path) -> dict[str, bytes]:
    reports = project / "reports"
    found = {p.relative_to(reports): p for p in reports.rglob("*") if p.is_file()}
    return {path.as_posix(): p.read_bytes() for path, p in found.items()}


def rewritten(path: Path, change) -> None:
    """Every line of a JSONL file, changed."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        change(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_every_page_is_written_and_the_same_again(project):
    before, text = contents(project), (project / "README.md").read_bytes()
    assert {name for name in before if "/" not in name} == PAGES
    assert any(name.startswith(f"figures/{OLDER}/") for name in before)
    assert OLDER.encode() in text
    written = readme.publish_all()
    assert contents(project) == before
    assert (project / "README.md").read_bytes() == text
    own = [path.relative_to(project).as_posix() for path in written]
    assert own[0] == "reports/README.md"
    assert sorted(own) == sorted([*(f"reports/{name}" for name in before), "README.md"])


def test_what_nothing_makes_any_more_is_removed(project):
    stale = project / "reports/figures/forest_of_old.svg"
    for path in (
        stale,
        project / "reports/sample/README.md",
        project / "reports/x.txt",
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text("of old")
    assert readme.published_problems() == [
        "reports/figures/forest_of_old.svg: not made of any record",
        "reports/x.txt: not made of any record",
    ]
    readme.publish_all()
    assert not stale.exists()
    # What is no page is its owner's, and what a sample run wrote its own.
    assert (project / "reports/sample/README.md").exists()
    assert (project / "reports/x.txt").exists()


def test_reports_that_match_are_said_to(project, typed):
    before = contents(project)
    ended = typed("report", "--check")
    assert (ended.code, ended.err) == (0, "")
    assert "are what the records give" in ended.out
    assert contents(project) == before


def test_an_edited_score_fails(project, typed):
    """A score that its predictions do not give is named."""

    def better(record):
        record["scores"]["dev"]["accuracy"] += 0.01

    path = project / "results/runs" / OLDER / "trials.jsonl"
    rewritten(path, better)
    ended = typed("report", "--check")
    assert (ended.code, ended.err) == (1, "")
    first = RunDirectory(path.parent).records()[0]
    assert f"trial {first.trial.id}, dev: expected the recorded accuracy" in ended.out
    assert f"{project}/results/runs/{OLDER}" in ended.out


def test_a_score_edited_with_its_predictions_fails(project, typed):
    """Labels and scores that agree, and are not what the reports were made of."""
    run = RunDirectory(project / "results/runs" / OLDER)
    labels = 1 - run.labels()["RTE/dev"]
    run.write_labels({"RTE/dev": labels})

    def opposite(record):
        record["scores"]["dev"]["accuracy"] = 1 - record["scores"]["dev"]["accuracy"]

    rewritten(run.path / "trials.jsonl", opposite)
    ended = typed("report", "--check")
    assert ended.code == 1
    assert re.search(
        r"^reports/README.md, line \d+: the records give “", ended.out, re.M
    )
    assert re.search(r"^reports/glue.md, line \d+: the records give “", ended.out, re.M)
    assert f"\nREADME.md: what it opens with is not of {OLDER}" in ended.out
    assert ended.out.endswith("Rebuild with `python -m suite report`.\n")


def test_an_edited_page_and_a_missing_one_are_named(project):
    page = project / "reports/glue.md"
    lines = page.read_text().split("\n")
    lines[4] = lines[4].replace("A trial's id", "The id")
    page.write_text("\n".join(lines))
    (project / "reports/data.md").unlink()
    missing, edited = readme.published_problems()
    assert missing == "reports/data.md: missing"
    assert edited.startswith("reports/glue.md, line 5: the records give “…")
    assert "A trial's id" in edited
    assert "The id" in edited


def test_check_takes_nothing_with_it(project, typed):
    ended = typed("report", project / "results/runs" / OLDER, "--check")
    assert ended.code == 2
    assert ended.err.startswith("Error: --check: looks at all of reports/")


def test_a_comparison_of_maskings_is_on_its_page_and_in_short(project):
    """Two pairs of pre-trainings, of which no cell is in the table of verdicts."""
    sides = [
        Checkpoint(sha256=f"{seed}{letter}" * 32, masking=masking, seed=seed)
        for seed in (1, 2)
        for masking, letter in (("wordpiece", "a"), ("whole-word", "b"))
    ]
    small = {"rows": 71, "batch_sizes": (8,), "learning_rates": (3e-4,)}
    options = Synthetic(tasks=("RTE",), checkpoints=sides, **small)
    make_run(project / "results/masking/2026-04-01_pairs_0", options)
    readme.publish_all()
    reports = project / "reports"
    page, front = ((reports / n).read_text() for n in ("masking.md", "README.md"))
    assert "## 2026-04-01_pairs_0" in page
    assert "over 2 pairs of pre-trainings" in page
    assert "## Does whole-word masking help?" in front
    assert "over 2 pairs of pre-trainings" in front
    assert (
        "Compared are 4 checkpoints, fine-tuned in 1 configuration on 1 seed." in front
    )
    text = (project / "README.md").read_text()
    assert "(results/masking/2026-04-01_pairs_0); tables: [masking.md](reports" in text
    assert "point published for BERT-Large on MNLI, an interval would have been" in text
    assert "2026-04-01_pairs_0" not in (reports / "glue.md").read_text()
    assert not readme.published_problems()


def test_every_run_is_reported_the_newest_first(project, tiny_run):
    newer = project / "results/runs" / NEWER
    shutil.copytree(tiny_run, newer)
    readme.publish_all()
    for name in ("README.md", "glue.md"):
        text = (project / "reports" / name).read_text()
        headings = re.findall(r"^## (.*)$", text, re.M)
        assert headings[:2] == [NEWER, OLDER]
    maskings = (project / "reports/masking.md").read_text()
    assert maskings.count("Nothing to compare") == 1
    assert NEWER in (project / "README.md").read_text()
    assert OLDER not in (project / "README.md").read_text()
    # Begun later, whatever its name says.
    run = RunDirectory(project / "results/runs" / OLDER)
    run.write_run(run.run() | {"started": "2026-04-01 00:00 UTC"})
    found = recorded_runs(project / "results")
    assert [path.name for path in found] == [OLDER, NEWER]


def test_verdicts_are_recorded_when_asked(project, typed):
    kept = project / "results/runs" / OLDER / "verdicts.json"
    assert typed("report", "--reports-dir", project / "x").code == 0
    assert not kept.exists()
    ended = typed("report", "--record-verdicts")
    assert ended.code == 0
    assert str(kept) in ended.out.splitlines()
    assert len(json.loads(kept.read_text())) == 15


def test_the_first_line_that_differs_is_shown(tmp_path):
    for name, text in (("made", "one\ntwo\n"), ("found", "one\ntwice\nthree\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(text)
    (line,) = differences(tmp_path / "made", tmp_path / "found")
    assert line == "a.md, line 2: the records give “two”, found “twice”"


def test_committed_links_lead_somewhere():
    """From every page to the other pages, its figures and its records."""
    reports = ROOT / "reports"
    pages = [*reports.glob("*.md")]
    assert pages
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (reports / unquote(link)).exists(), f"{page.name}: {link}"
