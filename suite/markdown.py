"""Markdown tables and numbers as the reports print them."""

from collections.abc import Iterable, Sequence

import pandas as pd

SAMPLE_NOTE = "Sample tasks, not comparable with published scores."
NOTHING = "–"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, sample: bool) -> str:
    """A table, headed by the note where the run is on sample tasks."""
    lines = [header, ["---"] * len(header), *rows]
    body = "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in lines)
    note = f"*{SAMPLE_NOTE}*\n\n" if sample else ""
    return f"{note}{body}\n"


def frame_table(frame: pd.DataFrame, *, index: bool = True) -> str:
    """A table of a data frame of strings; what is missing is a dash."""
    shown = frame.reset_index() if index else frame
    rows = shown.astype(object).where(shown.notna(), NOTHING).itertuples(index=False)
    return table([str(name) for name in shown.columns], rows, sample=False)


def points(value: float | None, decimals: int = 1) -> str:
    """A number in points; one that rounds to zero has no sign."""
    if value is None:
        return NOTHING
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def percent(fraction: float | None, decimals: int = 1) -> str:
    """A fraction of 1 in points."""
    return points(None if fraction is None else 100 * fraction, decimals)


def signed(value: float | None, decimals: int = 1) -> str:
    """A difference in points, with its sign."""
    if value is None:
        return NOTHING
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+.{decimals}f}" if rounded else f"{rounded:.{decimals}f}"


def bounds(low: float | None, high: float | None) -> str:
    """An interval of differences."""
    if low is None or high is None:
        return NOTHING
    return f"[{signed(low)}, {signed(high)}]"


def p_value(p: float, *, at_floor: bool) -> str:
    """Three decimals. `at_floor`: it is the least that draws can show, or less."""
    if p < 0.001:
        return "< 0.001"
    return f"{'< ' if at_floor else ''}{p:.3f}"


def trials(ids: Iterable[str]) -> str:
    """Trial ids as code, in order."""
    return " ".join(f"`{trial_id}`" for trial_id in ids) or NOTHING


def counted(number: int, noun: str) -> str:
    """ "1 trial", "2 trials"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
