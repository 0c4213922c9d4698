"""What the project publishes: reports/, and what its README opens with.

The finding, the table and a figure stand between two markers and are rewritten with the
reports, so that no number in the README's front is typed by hand. They are of the
newest run of results/runs, of the newest comparison of maskings, and of all recorded
pre-trainings.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.all_reports import (
    Recorded,
    differences,
    read_recorded,
    stale_files,
    write_all,
)
from suite.cells import Cell
from suite.checkpoint_words import described
from suite.environment import REPORTS, RESULTS, ROOT
from suite.markdown import bounds, points, table
from suite.masked_lm_effect import MaskedLmDifference
from suite.masked_lm_summary import masked_lm_summary
from suite.masking_run import MaskingRun
from suite.masking_summary import in_short
from suite.records import RunDirectory
from suite.report import write_report
from suite.report_summary import finding
from suite.reported_run import ReportedRun
from suite.verdict_page import forest_name

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def front(
    run: ReportedRun,
    studies: Sequence[MaskingRun] = (),
    pretrained: Sequence[MaskedLmDifference] = (),
) -> str:
    """What was found, the table of it and a figure: between the markers."""
    parts = finding(run)
    if studies:
        name = studies[0].name
        records = f"[`{name}`](results/masking/{name})"
        details = f"Records: {records}; tables: [masking.md](reports/masking.md)."
        parts += in_short(studies[0], details)
    parts += masked_lm_summary(pretrained)
    parts += [readme_table(run).rstrip("\n"), *_figure(run)]
    return "\n\n".join(parts) + "\n"


def _figure(run: ReportedRun) -> list[str]:
    """The forest plot of the table, where it has an interval to draw."""
    first = run.checkpoints[0]
    if all(cell.low is None for cell in run.cells_of(first)):
        return []
    way = f"reports/figures/{run.name}/{forest_name(first, 0)}.svg"
    return [f"![Ours − published with margins; the table has the same numbers]({way})"]


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
        f"{described(checkpoint)}. Records: "
        f"[`{run.name}`](results/runs/{run.name}), made by "
        f"`{run.run['command']}`.\n\n{table(header, rows, sample=False)}"
    )


def with_front(
    text: str,
    run: ReportedRun,
    studies: Sequence[MaskingRun] = (),
    pretrained: Sequence[MaskedLmDifference] = (),
) -> str:
    """The README's text with what was found between the markers."""
    before, after = _around(text)
    return f"{before}{BEGIN}\n{front(run, studies, pretrained)}{END}{after}"


def _rewritten(text: str, recorded: Recorded) -> str:
    return with_front(text, recorded.runs[0], recorded.studies, recorded.pretrained)


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
    """Write everything under reports/ and the README's front; returns the files.

    Pages and figures that nothing makes any more are removed.
    """
    readme, recorded = ROOT / "README.md", read_recorded(RESULTS)
    text = _rewritten(readme.read_text(encoding="utf-8"), recorded)
    written = write_all(recorded, REPORTS)
    for path in stale_files(REPORTS, written):
        path.unlink()
    with written_whole(readme) as file:
        file.write(text)
    return [*written, readme]


def write_all_to(reports_dir: Path) -> list[Path]:
    """The same pages in another directory, and nothing else; returns the files."""
    return write_all(read_recorded(RESULTS), reports_dir)


def published_problems() -> list[str]:
    """What reports/ and the README hold that the records do not give, a line each."""
    with tempfile.TemporaryDirectory() as name:
        beside = Path(name)
        # Where results/ lies beside reports/, so that the ways to records are the same.
        (beside / "results").symlink_to(RESULTS.resolve(), target_is_directory=True)
        try:
            recorded = read_recorded(beside / "results")
            write_all(recorded, beside / "reports")
        except InputError as error:  # records that contradict each other
            return [str(error).replace(str(beside), str(RESULTS.parent))]
        found = differences(beside / "reports", REPORTS)
    problems = [f"{REPORTS.name}/{line}" for line in found]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if _rewritten(text, recorded) != text:
        newest = recorded.runs[0].name
        problems.append(f"README.md: what it opens with is not of {newest}")
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
