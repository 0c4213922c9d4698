"""The table of margins: how large, why, and whether they can be reached at all.

A number published of one run on one test set is uncertain itself. Where its sampling
error alone is wider than the margin, no run of ours can lie surely within it, and the
only claim left is that something differs. The errors are those of BERT-Tiny's row, by
the formulas of suite/score_row/errors.py.
"""

from collections import Counter

from scipy import stats

from suite.markdown import NOTHING, points, table
from suite.power import LEVEL
from suite.published import (
    SCORE,
    TABLE_COLUMNS,
    TableColumn,
    load_margins,
    load_published,
    margin_reasons,
)
from suite.score_row.errors import sampling_sd
from suite.tasks import TASKS

_MODEL, _NEXT = "BERT-Tiny", "BERT-Mini"


def margin_rows(*, sample: bool = False) -> str:
    """Every margin, and why it is what it is: the reason that most have, once."""
    margins, reasons = load_margins(), margin_reasons()
    common, _ = Counter(r.split(";")[0] for r in reasons.values()).most_common(1)[0]
    rows = []
    for (task, metric), reason in reasons.items():
        margin, theirs = (
            margins.get((task, metric)),
            published_uncertainty(task, metric),
        )
        rows.append(
            [
                task,
                metric,
                _plus_minus(margin),
                points(half_way_to_next(task, metric)),
                _plus_minus(theirs),
                _reach(margin, theirs),
                reason.removeprefix(common).lstrip("; "),
            ]
        )
    header = (
        "Task",
        "Metric",
        "Margin",
        f"Half the step to {_NEXT}",
        "Published test sampling by formula, 90 %",
        "Reproduced can be shown",
        "Note",
    )
    body = table(header, rows, sample=sample)
    return (
        f"A margin is {common}. Steps are unequal: where half the step from {_MODEL} "
        f"to {_NEXT} is smaller than the margin, a number within the margin of one may "
        "be nearer to the other. That a number is *reproduced* cannot be shown, with "
        "seeds and examples without end, where its test set alone leaves it more "
        "uncertain than the margin, unless ours is on the same test set and its share "
        "in that error is known; its own seed comes on top. As for "
        f"{_MODEL}'s row:"
        f"\n\n{body}"
    )


def published_uncertainty(task: str, metric: str) -> float | None:
    """How far the test set alone may have moved a published number, 90 %, in points."""
    if task == SCORE.task:
        return None
    column = next(c for c in TABLE_COLUMNS if (c.task, c.metric) == (task, metric))
    row = {c: s for (model, c), s in load_published().items() if model == _MODEL}
    return stats.norm.isf(LEVEL) * sampling_sd(column, row, _rows(column))


def half_way_to_next(task: str, metric: str) -> float:
    """Half the distance of two neighbouring sizes, over the columns of a margin."""
    registry = load_published()
    steps = [
        abs(registry[_NEXT, column].value - registry[_MODEL, column].value)
        for column in TABLE_COLUMNS
        if (column.task, column.metric) == (task, metric)
    ]
    return sum(steps) / len(steps) / 2


def _rows(column: TableColumn) -> int:
    return TASKS[column.task].rows[column.split]


def _plus_minus(value: float | None) -> str:
    return NOTHING if value is None else f"±{points(value)}"


def _reach(margin: float | None, theirs: float | None) -> str:
    if margin is None or theirs is None:
        return NOTHING
    return "not ruled out" if theirs < margin else "no"
