"""What is said of somebody's row of scores, in words and Markdown tables."""

from collections import Counter
from collections.abc import Sequence

from suite.markdown import NOTHING, bounds, counted, points, signed, table
from suite.published import SCORE
from suite.score_row.account import RowAccount
from suite.score_row.averages import Average
from suite.score_row.comparison import ComparedCell, Comparison
from suite.score_row.granularity import Fit, Granularity
from suite.score_row.headings import shown
from suite.score_row.published import DEV, NOT_STATED, TEST

_NUMBERS = {
    TEST: "the published test scores",
    DEV: "others' dev scores",
    NOT_STATED: "the scores, their split not stated,",
}


def report(account: RowAccount) -> str:
    """The whole account; its sections are averages, splits, comparisons."""
    name = f" of {account.row.model}" if account.row.model else ""
    parts = [f"# The row{name}\n"]
    if account.row.notes:
        parts.append(" ".join(account.row.notes) + "\n")
    parts += [
        "## Which average\n",
        _average_words(account) + "\n",
    ]
    if any(average.computed is not None for average in account.averages):
        parts.append(_average_table(account))
    parts += ["## Which split\n", _split_words(account) + "\n"]
    if account.granularities:
        parts.append(_split_table(account.granularities))
    parts += ["## Against published rows\n", _distance_words(account) + "\n"]
    for comparison in account.comparisons:
        parts += [_comparison_words(comparison) + "\n"]
        parts += [_comparison_table(account, comparison)]
    return "\n".join(parts)


def _average_words(account: RowAccount) -> str:
    printed, matching = account.row.average, account.matching
    possible = [a for a in account.averages if a.computed is not None]
    if not possible:
        return "The row lacks numbers for every formula that is known here."
    if printed is None:
        return "The row prints no average; the table has what each formula gives."
    known = f"{counted(len(possible), 'formula')} that the row has numbers for"
    if not matching:
        nearest = min(possible, key=lambda a: abs(a.computed - printed.value))
        return (
            f"None of the {known} can give the printed average {printed}, whatever "
            f"rounding did; the nearest is {nearest.formula.name} with "
            f"{points(float(nearest.computed), 3)}. So it was made another way, of "
            "other numbers than these, or there is a slip."
        )
    names = _listed([a.formula.name for a in matching], "or")
    fits = f"The printed average {printed} fits {names} and no other of the {known}."
    if len(matching) == 1:
        return fits
    return f"{fits} The numbers leave open which of the {len(matching)} it is."


def _average_table(account: RowAccount) -> str:
    printed = account.row.average
    asked = f"Can be {printed}" if printed else "Printed"
    header = ("Formula", "It averages", "Computed", "Rounding allows", asked)
    return table(header, map(_average_line, account.averages), sample=False)


def _average_line(average: Average) -> tuple[str, ...]:
    formula = average.formula.name, average.formula.says
    if average.missing:
        return *formula, NOTHING, NOTHING, f"lacks {_listed(_first(average.missing))}"
    low, high = (points(float(bound), 3) for bound in average.bounds)
    answer = {None: NOTHING, True: "yes", False: "no"}[average.matches]
    return *formula, points(float(average.computed), 3), f"{low} to {high}", answer


def _split_words(account: RowAccount) -> str:
    if not account.granularities:
        said = f" It is taken to be of {account.said}." if account.said else ""
        return f"The row names no accuracy, so nothing tells its split.{said}"
    words = [_excluded_words(account)]
    if account.contradicted:
        words.append(f"You say {account.said}, which contradicts these scores.")
    elif account.said:
        words.append(f"It is taken to be of {account.said}, as you say.")
    if account.runs > 1:
        words.append(f"Scores are read as means over {account.runs} runs.")
    if any(g.only_v1 for g in account.granularities):
        words.append("QNLI fits only the rows of the task's first version.")
    for split in account.majority:
        words.append(f"WNLI is what the commoner class scores on {split}.")
    if account.swapped:
        words.append(
            f"No predictions give {_listed(account.swapped)} as printed, but some do "
            "with F1 and accuracy exchanged: they seem to be swapped."
        )
    return " ".join(words)


def _excluded_words(account: RowAccount) -> str:
    excluded = {
        split: [
            f"{shown(g.column)} {g.printed}"
            for g in account.telling
            if not g.allows(split)
        ]
        for split in (DEV, TEST)
    }
    if len(account.splits) == 2:
        if not account.telling:
            return "No other score tells the split."
        return "No score excludes dev or test: each is some number of right answers."
    if len(account.splits) == 1:
        (possible,) = account.splits
        (other,) = set(excluded) - {possible}
        return (
            f"The row can be of {possible} and not of {other}, where no number of "
            f"right answers gives {_listed(excluded[other])}."
        )
    told = "; ".join(f"on {split} {_listed(s)}" for split, s in excluded.items())
    return (
        f"The row can be of neither split: no number of right answers gives {told}. "
        "Means over several runs do that (say how many with --runs), and so do other "
        "rows than the official ones, scores of both splits in one row, an F1 of "
        "another kind, or a slip."
    )


def _split_table(granularities: Sequence[Granularity]) -> str:
    chance = ("By chance on dev", "By chance on test")
    header = ("Score", "Printed", "On dev", "On test", *chance)
    lines = []
    for granularity in granularities:
        # QNLI's first version is of interest where the second does not fit.
        for version in ("", "v1 ") if granularity.only_v1 else ("",):
            fits = [granularity.fits[f"{version}{split}"] for split in (DEV, TEST)]
            name = f"{shown(granularity.column)} {version}".strip()
            right, luck = map(_right, fits), map(_luck, fits)
            lines.append((name, str(granularity.printed), *right, *luck))
    return table(header, lines, sample=False)


def _right(fit: Fit) -> str:
    return f"{fit.right:,} of {fit.rows:,}" if fit.possible else "no"


def _luck(fit: Fit) -> str:
    return NOTHING if fit.luck is None else f"{100 * fit.luck:.0f} %"


def _distance_words(account: RowAccount) -> str:
    if not account.distances:
        return "The row shares no named score with the published table."
    nearest, *others = account.distances
    far = _listed([f"{d.model} is {d.mean:.2f} away" for d in others])
    words = [
        f"Nearest of the compact models is {nearest.model}, {nearest.mean:.2f} points "
        f"away on average over {counted(nearest.cells, 'shared score')}; {far}.",
        "Without predictions the intervals are approximations: sampling errors from "
        "the printed scores alone, and the spread over seeds as others measured it, "
        "the widest known where it is not the model's own.",
    ]
    if account.split == TEST:
        words.append(
            "On one and the same test set errors are partly shared, which is not "
            "counted: the intervals are rather too wide."
        )
    else:
        words.append(
            "A dev score that also chose its configuration is better than it should "
            "be, by an amount that no row tells."
        )
    if account.split is None:
        words.append("The row may be of dev or of test: the smaller is reckoned with.")
    return " ".join(words)


def _comparison_words(comparison: Comparison) -> str:
    count = Counter(compared.cell.verdict for compared in comparison.cells)
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in count.items())
    return (
        f"Against {_NUMBERS[comparison.split]} of {comparison.model}, from "
        f"{_listed(_first(comparison.sources, 1))}: {verdicts}."
    )


def _comparison_table(account: RowAccount, comparison: Comparison) -> str:
    header = (
        *("Score", "Row", "Published", "Difference", "95 % interval", "Compared"),
        *("Seed spread", "Verdict (approximate)", "Why"),
    )
    lines = [_comparison_line(account, compared) for compared in comparison.cells]
    return table(header, lines, sample=False)


def _comparison_line(account: RowAccount, compared: ComparedCell) -> tuple[str, ...]:
    cell = compared.cell
    printed = account.row.scores.get(cell.column)
    return (
        shown(cell.column),
        str(printed) if printed else points(cell.ours, 3),
        points(cell.published, cell.decimals),
        signed(cell.difference, cell.decimals),
        bounds(cell.low, cell.high),
        cell.compared,
        _seeds(compared),
        cell.verdict,
        cell.why,
    )


def _seeds(compared: ComparedCell) -> str:
    seeds = compared.seeds
    if compared.cell.column == SCORE or seeds is None or compared.cell.low is None:
        return NOTHING
    return f"{seeds.sd:.2f} ({seeds.model})"


def _first(names: Sequence[str], count: int = 3) -> list[str]:
    """The first names, and how many more there are."""
    more = len(names) - count
    return [*names[:count], *([f"{more} more"] if more > 0 else [])]


def _listed(names: Sequence[str], last: str = "and") -> str:
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final
