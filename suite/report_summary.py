"""The paragraphs on top of a report, in plain words, from the records."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from suite.cells import Cell
from suite.markdown import SAMPLE_NOTE, counted
from suite.masking_effect import MaskingDifference
from suite.reported_run import ReportedRun, title


def summary(run: ReportedRun, masking: Sequence[MaskingDifference]) -> Iterator[str]:
    """The paragraphs on top, for someone who reads nothing else."""
    status = Counter(record.status for record in run.records)
    degenerate = sum(bool(record.degenerate) for record in run.records)
    tasks = list(dict.fromkeys(task for _, task in run.grids))
    if run.sample:
        yield (
            f"**{SAMPLE_NOTE}** They are generated text with labels true by "
            "construction, and show that the pipeline works, not how good a model is."
        )
    yield (
        f"{counted(len(run.checkpoints), 'checkpoint')} fine-tuned on "
        f"{counted(len(tasks), 'task')} ({', '.join(tasks) or 'none'}): "
        f"{counted(len(run.records), 'trial')}, {status['finished']} finished, "
        f"{status['failed']} failed, {degenerate} degenerate."
    )
    for checkpoint in run.checkpoints:
        yield _checkpoint_summary(checkpoint, run.cells_of(checkpoint))
    if masking:
        apart = [row for row in masking if row.low > 0 or row.high < 0]
        yield (
            f"Whole-word against WordPiece masking: {len(apart)} of "
            f"{counted(len(masking), 'score')} apart by more than the dev examples "
            "explain, for these pre-training runs; [masking.md](masking.md) says what "
            "that can show."
        )


def _checkpoint_summary(checkpoint: Mapping, cells: Sequence[Cell]) -> str:
    """How many cells got which verdict, and which were claims."""
    counts = Counter(cell.verdict for cell in cells)
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    named = [
        f"{verdict}: {', '.join(_named(c) for c in cells if c.verdict == verdict)}"
        for verdict in ("reproduced", "differs")
        if counts[verdict]
    ]
    detail = f" ({'; '.join(named)})" if named else ""
    return f"**{title(checkpoint)}**, {len(cells)} cells: {said}{detail}."


def _named(cell: Cell) -> str:
    return f"{cell.name} {cell.column.metric}"
