"""`python -m suite report`: tables from a recorded run."""

from pathlib import Path
from typing import Annotated

import typer

from reference.errors import InputError
from suite.environment import RESULTS
from suite.options import console


def report(
    run_dir: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN_DIR", help="A run.  [default: the newest of results/runs]"
        ),
    ] = None,
    reports_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where it is written.  [default: reports, and the README's table for "
            "a run of results/runs; reports/sample for a run on sample data]",
        ),
    ] = None,
) -> None:
    """Write the tables of a recorded run, without TensorFlow."""
    from suite.readme import publish
    from suite.report import write_report

    if run_dir is None:
        recorded = sorted((RESULTS / "runs").glob("*/run.json"))
        if not recorded:
            raise InputError(f"{RESULTS / 'runs'}: no run there; name one, or make one")
        run_dir = recorded[-1].parent
    written = write_report(run_dir, reports_dir) if reports_dir else publish(run_dir)
    for path in written:
        console.print(str(path))
