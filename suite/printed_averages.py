"""The averages that published rows print: what formula each follows, and if it can.

The compact rows print the Score, Devlin et al. 2019 an average of their own. The
registry says which it is (suite/published.py), and the formulas are in
suite/score_row/averages.py.
"""

from dataclasses import dataclass
from fractions import Fraction

from suite.markdown import points
from suite.published import AVERAGE, SCORE, TABLE_COLUMNS, PublishedScore, Registry
from suite.score_row.averages import FORMULAS, Average, averages
from suite.score_row.rows import PrintedScore, ScoreRow


@dataclass(frozen=True)
class PrintedAverage:
    """A row's printed average, under the formula that it is said to follow.

    `others` are the formulas that could have made it as well, given its rounding.
    """

    printed: PublishedScore
    said: Average
    others: tuple[str, ...]


def printed_averages(registry: Registry) -> list[PrintedAverage]:
    """One for each model that has an average, in the order of the registry."""
    return [
        _printed_average(registry, score)
        for (_, column), score in registry.items()
        if column in (SCORE, AVERAGE)
    ]


def average_problems(registry: Registry) -> list[str]:
    """Rows whose printed average their numbers cannot give; empty when all agree."""
    return [_problem(o) for o in printed_averages(registry) if not o.said.matches]


def _problem(one: PrintedAverage) -> str:
    made = one.said.missing and f"lacks {', '.join(one.said.missing)}"
    made = made or f"gives {float(one.said.computed):.3f}"
    formula = one.said.formula.name
    printed = points(one.printed.value, one.printed.decimals)
    return f"{one.printed.model}: printed {printed}, {formula} {made}"


def _printed_average(registry: Registry, average: PublishedScore) -> PrintedAverage:
    model, column = average.model, average.column
    numbers = {
        c: _exact(registry[model, c])
        for c in TABLE_COLUMNS
        if c != SCORE and (model, c) in registry
    }
    found = averages(ScoreRow(numbers, _exact(average), model))
    name = FORMULAS[0].name if column == SCORE else column.metric
    said = next(one for one in found if one.formula.name == name)
    others = [a.formula.name for a in found if a.matches and a is not said]
    return PrintedAverage(average, said, tuple(others))


def _exact(score: PublishedScore) -> PrintedScore:
    return PrintedScore(Fraction(str(score.value)), score.decimals)
