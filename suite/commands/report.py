"""`python -m suite report`: tables and figures from what is recorded."""

from pathlib import Path
from typing import Annotated

import typer

from reference.errors import InputError
from suite.options import console, say


def report(
    run_dir: Annotated[
        Path | None,
        typer.Argument(metavar="RUN_DIR", help="A run.  [default: all of results/]"),
    ] = None,
    reports_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where it is written.  [default: reports, with the README's front; "
            "reports/sample for a run on sample data]",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; say what of reports/ and of the README's front is "
            "not what the records give.",
        ),
    ] = False,
    record_verdicts: Annotated[
        bool,
        typer.Option(
            "--record-verdicts",
            help="Keep the verdicts beside the records of results/runs, or of RUN_DIR: "
            "what `pytest suite/` holds later code to.",
        ),
    ] = False,
) -> None:
    """Write the pages of all that is recorded, or of a run."""
    if check:
        if run_dir or reports_dir or record_verdicts:
            raise InputError("--check: looks at all of reports/; give nothing with it")
        _check()
        return
    if record_verdicts:
        _record_verdicts(run_dir)
    for path in _written(run_dir, reports_dir):
        console.print(str(path))


def _written(run_dir: Path | None, reports_dir: Path | None) -> list[Path]:
    from suite import readme
    from suite.report import write_report

    if run_dir is None:
        return readme.write_all_to(reports_dir) if reports_dir else readme.publish_all()
    return (
        write_report(run_dir, reports_dir) if reports_dir else readme.publish(run_dir)
    )


def _check() -> None:
    from suite.readme import published_problems

    problems = published_problems()
    for line in problems:
        say(line)
    if problems:
        console.print("Rebuild with `python -m suite report`.", highlight=False)
        raise typer.Exit(1)
    console.print("reports/ and the README's front are what the records give.")


def _record_verdicts(run_dir: Path | None) -> None:
    from suite import readme
    from suite.all_reports import recorded_runs
    from suite.claims import write_verdicts

    for one in [run_dir] if run_dir else recorded_runs(readme.RESULTS):
        console.print(str(write_verdicts(one)))
