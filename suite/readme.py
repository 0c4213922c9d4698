"""The table in the project's README: the newest recorded run beside the published row.

It stands between two markers and is rewritten with the report, so that no number in
the README is typed by hand.
"""

from pathlib import Path

from reference.errors import InputError
from reference.files import written_whole
from suite.cells import Cell
from suite.data_report import write_data_report
from suite.distillation_report import write_distillation_report
from suite.environment import REPORTS, RESULTS, ROOT
from suite.knob_report import write_knob_report
from suite.markdown import bounds, points, table
from suite.performance_report import write_performance_report
from suite.pretraining_report import write_pretraining_report
from suite.records import RunDirectory
from suite.report import write_report
from suite.squad_report import write_squad_report
from suite.verdicts import verdict_table

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def readme_table(run_dir: Path) -> str:
    """The verdicts of a run's first checkpoint, and where they are from."""
    run = RunDirectory(run_dir).run()
    checkpoint = run["checkpoints"][0]
    cells = [c for c in verdict_table(run_dir) if c.checkpoint == checkpoint["sha256"]]
    header = ("Task", "Metric", "Published", "Ours", "Difference, 95 %", "Verdict")
    rows = [_row(cell) for cell in cells]
    return (
        f"{checkpoint['name']}, {checkpoint['masking']} masking, "
        f"{checkpoint['description']}. Records: `{Path(run_dir).name}`, made by "
        f"`{run['command']}`.\n\n{table(header, rows, sample=False)}"
    )


def with_table(text: str, run_dir: Path) -> str:
    """The README's text with the table of this run between the markers."""
    before, after = _around(text)
    return f"{before}{BEGIN}\n{readme_table(run_dir)}{END}{after}"


def check_readme(run_dir: Path) -> None:
    """InputError now, before the run, if `publish` would not know where to write."""
    if _belongs_in_readme(run_dir):
        _around((ROOT / "README.md").read_text(encoding="utf-8"))


def publish(run_dir: Path) -> list[Path]:
    """Write a run's report where it belongs; returns the files.

    A run on sample data goes to reports/sample, any other to reports. With one of the
    project's own runs (results/runs) goes what was measured of pre-training data and of
    speed, and its table goes into the README.
    """
    if RunDirectory(run_dir).run().get("sample"):
        return write_report(run_dir, REPORTS / "sample")
    if not _belongs_in_readme(run_dir):
        return write_report(run_dir, REPORTS)
    readme = ROOT / "README.md"
    text = with_table(readme.read_text(encoding="utf-8"), run_dir)
    data = write_data_report(RESULTS / "data", REPORTS)
    pretraining = write_pretraining_report(RESULTS / "pretraining", REPORTS)
    speed = write_performance_report(RESULTS / "performance", REPORTS)
    written = [*write_report(run_dir, REPORTS), *data, *pretraining, speed]
    written += write_knob_report(RESULTS / "knobs", REPORTS)
    written += write_squad_report(RESULTS / "squad", REPORTS)
    written += write_distillation_report(RESULTS / "distillation", REPORTS)
    with written_whole(readme) as file:
        file.write(text)
    return [*written, readme]


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
        bounds(cell.low, cell.high),
        f"{cell.verdict}{compared}",
    ]
