"""README.md of a report: the summary, the verdicts and what they rest on, the run.

Tables are of suite/report_tables.py, the words on top of suite/report_summary.py.
"""

from collections.abc import Iterable, Mapping

from suite.checkpoint_words import slug, title
from suite.figures import forest_figure
from suite.margin_table import margin_rows
from suite.markdown import table
from suite.pages import Figures, folded
from suite.printed_averages import printed_averages
from suite.published import load_margins, load_published
from suite.report_summary import summary
from suite.report_tables import (
    average_rows,
    checkpoint_rows,
    row_verdict_rows,
    run_rows,
    seed_notes,
    source_rows,
    verdict_rows,
)
from suite.reported_run import ReportedRun
from suite.table_verdict import table_verdict

_HOW_TO_READ = (
    "Scores are in points; *ours − published* carries every known source of error "
    "(our examples, seeds and choosing, the published test set's sampling, seed and "
    "rounding). Dev vs test: ours is cross-fitted on dev, theirs is GLUE's test "
    "set. Test vs test: chosen on dev, scored on the public test labels. On one test "
    "set part of the two errors is the same, how much only the published predictions "
    "could tell; they are reckoned as if on other examples, so that these intervals "
    "are rather too wide, and *out of reach* is said of numbers so reckoned. *A "
    "constant answer* is the best that one scores on our examples without looking at "
    "the text."
)
_SOURCES = (
    "What the intervals are made of, as standard deviations in points. *Choosing* is "
    "what the choice among the grid adds where it was made on the same examples; the "
    "optimism that it would have brought is taken off already. What was not "
    "published of the published number is taken from ours: its sampling error, scaled "
    "to its test set, and its seed. A spread over a few "
    "seeds is uncertain itself: *seeds known to* says how far, and the intervals are "
    "Student's t of it, wider than these numbers together make them look."
)


def verdict_parts(run: ReportedRun, figures: Figures) -> list[str]:
    """A run's part of the page; its figures are drawn on the way."""
    rows = table_verdict(run.cells, run.checkpoints)
    parts = ["## In short", *summary(run, run.masking), "## Verdicts", _HOW_TO_READ]
    parts.append(row_verdict_rows(rows, sample=run.sample))
    for number, checkpoint in enumerate(run.checkpoints):
        parts += _checkpoint(run, checkpoint, forest_name(checkpoint, number), figures)
    return [
        *parts,
        "## What was run",
        checkpoint_rows(run.checkpoints, sample=run.sample),
        _trial_counts(run),
        *_left_out(run),
        run_rows(run.run, sample=run.sample),
    ]


def published_parts(*, sample: bool) -> list[str]:
    """What the verdicts of all runs are held against, beside the numbers themselves."""
    return [
        "## Margins",
        margin_rows(sample=sample),
        "## Averages of the published rows",
        "What each row's average is said to follow, and whether its own numbers, as "
        "they were rounded, can give it.",
        average_rows(printed_averages(load_published()), sample=sample),
    ]


def forest_name(checkpoint: Mapping, number: int) -> str:
    """The figure of a checkpoint's verdicts, by its place among the run's."""
    return f"forest_{slug(checkpoint, number)}"


def _checkpoint(
    run: ReportedRun, checkpoint: Mapping, name: str, figures: Figures
) -> list[str]:
    cells = run.cells_of(checkpoint)
    parts = [f"### {title(checkpoint)}", verdict_rows(cells, sample=run.sample)]
    if not run.sample:  # nothing of a sample may be compared
        alt = "Ours − published with margins; the tables have the same numbers"
        what = (cells, load_margins())
        parts.append(figures.image(alt, name, forest_figure, *what))
    if sources := source_rows(cells, sample=run.sample):
        parts += folded("Sources of error", _SOURCES, sources, seed_notes(cells))
    return parts


def _trial_counts(run: ReportedRun) -> str:
    """Trials per checkpoint and task, with the failed and degenerate ones counted."""
    rows = [
        [
            title(checkpoint),
            task,
            str(len(grid.records)),
            str(len(grid.records) - len(grid.failed)),
            str(len(grid.failed)),
            str(len(grid.degenerate)),
        ]
        for checkpoint in run.checkpoints
        for task, grid in run.grids_of(checkpoint).items()
    ]
    header = ("Checkpoint", "Task", "Trials", "Finished", "Failed", "Degenerate")
    return table(header, rows, sample=run.sample)


def _left_out(run: ReportedRun) -> Iterable[str]:
    """Tasks that were not run, or on a part of their train split."""
    for key, header in (
        ("skipped", ("Task not run", "Why")),
        ("partial", ("Task trained on a part", "How much of it")),
    ):
        if rows := [list(one) for one in run.run.get(key, {}).items()]:
            yield table(header, rows, sample=run.sample)
