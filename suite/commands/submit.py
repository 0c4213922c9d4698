"""`python -m suite submit`: a zip for GLUE's server, and what came of it.

Three ways: `--output`, the zip of a run; `--check`, any zip that is there;
`--leaderboard`, the scores that the server returned.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference.errors import InputError
from suite.options import (
    GLUE_HELP,
    TestLabels,
    check_belongs,
    console,
    directory_option,
    file_option,
    say,
)

RunDir = Annotated[
    Path | None,
    typer.Argument(metavar="RUN_DIR", file_okay=False, help="A run, made by sweep."),
]
Output = Annotated[
    Path | None,
    file_option("Make this zip; a JSON beside it says which trial each file is from."),
]
Check = Annotated[Path | None, file_option("Check this zip, ours or another's.")]
Leaderboard = Annotated[
    Path | None,
    file_option(
        "Compare what the server returned: CSV, TSV or JSON with the columns task, "
        "metric and score (MRPC f1 81.1, MNLI-mm accuracy 70.3); or one row as on the "
        "leaderboard, with 81.1/71.1 for two metrics."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The checkpoint, where a run has several: its name, its masking or the "
        "start of its SHA-256.",
    ),
]
Incomplete = Annotated[
    bool,
    typer.Option(
        "--incomplete",
        help="Write what there is. GLUE's server refuses such a zip.",
    ),
]
GlueDir = Annotated[Path | None, directory_option(f"With --check: {GLUE_HELP}")]
Published = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --leaderboard: the published row.  [default: that of the run's "
        "checkpoint]",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


def submit(
    run_dir: RunDir = None,
    output: Output = None,
    check: Check = None,
    leaderboard: Leaderboard = None,
    model: Model = None,
    incomplete: Incomplete = False,
    glue_dir: GlueDir = None,
    test_labels: TestLabels = None,
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Make or check a submission to GLUE, or compare its scores.

    With --output, from the run's recorded test predictions. With --check, exit code 1
    says that the zip has faults; with RUN_DIR, its scores on dev stand beside. With
    --leaderboard, RUN_DIR says how much seeds move a score.
    """
    _check_way(run_dir, output, check, leaderboard)
    check_belongs("--incomplete", incomplete, "--output", output)
    check_belongs("--glue-dir", glue_dir, "--check", check)
    check_belongs("--published", published, "--leaderboard", leaderboard)
    check_belongs("--test-labels", test_labels, "--output or --check", output or check)
    check_belongs("--model", model, "RUN_DIR", run_dir)
    if output:
        said = _written(run_dir, output, model, incomplete, test_labels, as_json)
    elif check:
        said = _checked(check, glue_dir, test_labels, run_dir, model, as_json)
    else:
        said = _compared(leaderboard, published, run_dir, model, as_json)
    if as_json:
        console.print_json(json.dumps(said))
    if said.get("passed") is False:
        raise typer.Exit(1)


def _check_way(run_dir, output, check, leaderboard) -> None:
    """InputError unless it is one of the three ways."""
    ways = sum(map(bool, (output, check, leaderboard)))
    if ways != 1 or (output and not run_dir):
        raise InputError(
            "submit: expected RUN_DIR with --output, or --check, or --leaderboard, one "
            "of them; see --help"
        )


def _written(
    run_dir: Path,
    output: Path,
    model: str | None,
    incomplete: bool,
    test_labels: Path | None,
    as_json: bool,
) -> dict:
    from suite.submission.files import FILES
    from suite.submission.scores import scores_table
    from suite.submission.writing import write_submission

    submission = _gathered(run_dir, model)
    if submission.missing:
        errors = Console(stderr=True, soft_wrap=True)
        for reason in dict.fromkeys(one.reason for one in submission.missing):
            names = [m.file.name for m in submission.missing if m.reason == reason]
            say(f"Missing: {', '.join(names)}: {reason}", errors)
        if not incomplete:
            raise InputError(
                f"{run_dir}: {len(submission.missing)} of {len(FILES)} files are "
                f"missing; make their predictions with {submission.command()}, or "
                "write what there is with --incomplete"
            )
    scored = _scored(
        {predicted.file.name: predicted.predictions for predicted in submission.files},
        test_labels,
    )
    beside = write_submission(submission, output)
    if not as_json:
        say(scores_table(submission.files, scored))
        say(_how_it_ended(submission, output, beside))
    return submission.described() | {"zip": str(output), "test": scored}


def _gathered(run_dir: Path, model: str | None):
    from suite.records import RunDirectory
    from suite.submission.trials import gather

    return gather(RunDirectory(run_dir), model)


def _how_it_ended(submission, output: Path, beside: Path) -> str:
    from suite.markdown import counted

    files = counted(len(submission.files), "file")
    said = f"{output}: {files}, described in {beside}."
    if submission.missing:
        names = ", ".join(missing.file.label for missing in submission.missing)
        said += f" It lacks {names}: GLUE's server refuses such a zip."
    return said


def _checked(
    check: Path,
    glue_dir: Path | None,
    test_labels: Path | None,
    run_dir: Path | None,
    model: str | None,
    as_json: bool,
) -> dict:
    from suite.submission.check import check_zip
    from suite.submission.scores import scores_table

    found = check_zip(check, glue_dir)
    files = _gathered(run_dir, model).files if run_dir else ()
    files = [one.beside(found.predictions) for one in files]
    scored = _scored(found.predictions, test_labels)
    if not as_json:
        say(str(found))
        if scored or files:
            say(scores_table(files, scored))
    return found.as_dict() | {
        "test": scored,
        "dev": {one.file.name: dict(one.dev_scores) for one in files},
    }


def _scored(predictions: Mapping, test_labels: Path | None) -> dict:
    from suite.submission.scores import public_scores

    return public_scores(predictions, test_labels) if test_labels else {}


def _compared(
    path: Path,
    published: str | None,
    run_dir: Path | None,
    model: str | None,
    as_json: bool,
) -> dict:
    from suite.report_tables import seed_notes, verdict_rows
    from suite.score_row.rows import read_row
    from suite.submission import leaderboard

    row = read_row(path)
    leaderboard.check_score(path, row)
    submitted = leaderboard.Submitted(row.model or "The submission")
    if run_dir:
        submission = _gathered(run_dir, model)
        submitted = leaderboard.submitted_from(submission)
        published = published or submission.checkpoint["published_as"]
    if published is None:
        raise InputError(
            "submit: expected the published row to compare with, found none in a run; "
            "name one with --published, such as BERT-Tiny"
        )
    cells = leaderboard.compare(row, published, submitted)
    if not as_json:
        say(f"{submitted.model} beside {published}, both on GLUE's test splits.\n")
        say(verdict_rows(cells, sample=False))
        for note in filter(None, (*row.notes, seed_notes(cells))):
            say(note)
    return {"published": published, "cells": [asdict(cell) for cell in cells]}
