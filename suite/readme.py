"""What the project publishes: reports/, and the table in its README.

The table stands between two markers and is rewritten with the reports, so that no
number in the README is typed by hand. It is of the newest run of results/runs.
"""

import tempfile
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.all_reports import differences, read_runs, stale_files, write_all
from suite.cells import Cell
from suite.environment import REPORTS, RESULTS, ROOT
from suite.markdown import bounds, points, table
from suite.records import RunDirectory
from suite.report import write_report
from suite.reported_run import ReportedRun

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def readme_table(run: ReportedRun) -> str:
    """The verdicts of a run's first checkpoint, and where they are from."""
    checkpoint = run.checkpoints[0]
    header = (
        "Task",
        "Metric",
        "Published",
        "Ours",
        "A constant answer",
        "Difference, 95 %",
        "Verdict",
    )
    rows = [_row(cell) for cell in run.cells_of(checkpoint)]
    return (
        f"{checkpoint['name']}, {checkpoint['masking']} masking, "
        f"{checkpoint['description']}. Records: "
        f"[`{run.name}`](results/runs/{run.name}), made by "
        f"`{run.run['command']}`.\n\n{table(header, rows, sample=False)}"
    )


def with_table(text: str, run: ReportedRun) -> str:
    """The README's text with the table of this run between the markers."""
    before, after = _around(text)
    return f"{before}{BEGIN}\n{readme_table(run)}{END}{after}"


def check_readme(run_dir: Path) -> None:
    """InputError now, before the run, if `publish` would not know where to write."""
    if _belongs_in_readme(run_dir):
        _around((ROOT / "README.md").read_text(encoding="utf-8"))


def publish(run_dir: Path) -> list[Path]:
    """Write a run's report where it belongs; returns the files, its README.md first.

    One of the project's own runs (results/runs) is published with all the others. A run
    on sample data goes to reports/sample, any other to reports.
    """
    if RunDirectory(run_dir).run().get("sample"):
        return write_report(run_dir, REPORTS / "sample")
    if not _belongs_in_readme(run_dir):
        return write_report(run_dir, REPORTS)
    return publish_all()


def publish_all() -> list[Path]:
    """Write everything under reports/ and the README's table; returns the files.

    Pages and figures that nothing makes any more are removed.
    """
    readme, runs = ROOT / "README.md", read_runs(RESULTS)
    text = with_table(readme.read_text(encoding="utf-8"), runs[0])
    written = write_all(runs, RESULTS, REPORTS)
    for path in stale_files(REPORTS, written):
        path.unlink()
    with written_whole(readme) as file:
        file.write(text)
    return [*written, readme]


def write_all_to(reports_dir: Path) -> list[Path]:
    """The same pages in another directory, and nothing else; returns the files."""
    return write_all(read_runs(RESULTS), RESULTS, reports_dir)


def published_problems() -> list[str]:
    """What reports/ and the README hold that the records do not give, a line each."""
    with tempfile.TemporaryDirectory() as name:
        beside = Path(name)
        # Where results/ lies beside reports/, so that the ways to records are the same.
        (beside / "results").symlink_to(RESULTS.resolve(), target_is_directory=True)
        try:
            runs = read_runs(beside / "results")
            write_all(runs, beside / "results", beside / "reports")
        except InputError as error:  # records that contradict each other
            return [str(error).replace(str(beside), str(RESULTS.parent))]
        found = differences(beside / "reports", REPORTS)
    problems = [f"{REPORTS.name}/{line}" for line in found]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if with_table(text, runs[0]) != text:
        problems.append(f"README.md: its table is not that of {runs[0].name}")
    return problems


def _belongs_in_readme(run_dir: Path) -> bool:
    return Path(run_dir).resolve().is_relative_to((RESULTS / "runs").resolve())


def _around(text: str) -> tuple[str, str]:
    """What stands before and after the table."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(
            f"README.md: expected the lines {BEGIN} and {END}, found not both; put "
            "them where the table is to stand"
        )
    return before, after


def _row(cell: Cell) -> list[str]:
    compared = f" ({cell.compared})" if cell.compared else ""
    return [
        cell.name,
        cell.column.metric,
        points(cell.published, cell.decimals),
        points(cell.ours, cell.decimals),
        points(cell.constant, cell.decimals),
        bounds(cell.low, cell.high),
        f"{cell.verdict}{compared}",
    ]
