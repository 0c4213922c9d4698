"""`python -m suite compare`: what somebody's row of scores can be."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from suite.options import console, file_option, number_option, say


class Split(StrEnum):
    """The splits that scores are printed of."""

    DEV = "dev"
    TEST = "test"


def compare(
    scores: Annotated[
        Path,
        file_option(
            "One row of scores, CSV, TSV or JSON, headed as the published table "
            "(81.1/71.1 for two metrics), or one score a line under task,metric,score."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A published model.  [default: the nearest of the compact]",
        ),
    ] = None,
    split: Annotated[
        Split | None,
        typer.Option(help="What the scores are of.  [default: what they allow]"),
    ] = None,
    runs: Annotated[
        int, number_option("Each score is the mean over so many runs.", 1)
    ] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, for scripts.")
    ] = False,
) -> None:
    """Say which average and split a row of GLUE scores can be.

    And where it stands against the published rows. Exit code 1 when the scores
    contradict the split that is named with --split.
    """
    from suite.score_row import account as row_account
    from suite.score_row import report as row_report
    from suite.score_row.rows import read_row

    row = read_row(scores)
    account = row_account.account(row, split and split.value, runs, model)
    if as_json:
        console.print_json(json.dumps(row_account.as_json(account)))
    else:
        text = row_report.report(account)
        say(text, end="")
    if account.contradicted:
        raise typer.Exit(1)
