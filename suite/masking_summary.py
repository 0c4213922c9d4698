"""What a masking comparison shows, in plain words, from its rows.

For someone who reads nothing else: how many pairs of pre-trainings, where a difference
is shown, where it is bounded, and where nothing can be told. A bound says something
where it is nearer than a constant answer, which is the loss of all that was learnt.
Rows of one pair speak of two checkpoints, or of their trials alone, and those of
several of masking, or of whatever else differs: each kind has a paragraph.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from suite.markdown import bounds, counted, signed
from suite.masking_effect import MaskingDifference
from suite.masking_run import MaskingRun
from suite.published import load_margins
from suite.whole_word_effect import PublishedEffect, published_effect


def masking_summary(rows: Sequence[MaskingDifference], *, sample: bool) -> list[str]:
    """A paragraph about the rows of each kind (`by_kind`).

    What was published bounds nothing on sample tasks.
    """
    limits = {} if sample else {(r.task, r.metric): _limits(r) for r in rows}
    return [
        " ".join([_heading(own), *_findings(own, rows, limits)])
        for own in by_kind(rows)
    ]


def in_short(run: MaskingRun, records: str) -> list[str]:
    """The same of a run with what was compared, how much could be seen, and where.

    `records` is a link to them. Nothing where the run has no pairs.
    """
    rows = run.masking
    if not rows:
        return []
    about = " ".join(filter(None, (_compared(run), on_parts(run), records)))
    return [*masking_summary(rows, sample=run.sample), about]


def on_parts(run: MaskingRun) -> str:
    """Which of the compared tasks are not GLUE's, whole; empty where all are."""
    compared = {row.task for row in run.masking}
    partial = run.run.get("partial", {})
    whys = [f"{why}." for task, why in partial.items() if task in compared]
    return " ".join(["Not GLUE's whole train split:", *whys]) if whys else ""


def by_kind(rows: Sequence[MaskingDifference]) -> list[list[MaskingDifference]]:
    """The rows, apart by what they can speak of: what can say most stands first."""

    def kind(row: MaskingDifference) -> tuple[bool, ...]:
        several = row.pairs > 1
        return not several, not row.known, row.fixed, not several and row.seeds == 1

    return [list(own) for _, own in groupby(sorted(rows, key=kind), kind)]


def what_they_are(rows: Sequence[MaskingDifference]) -> str:
    """Of rows of one kind, what is known of the two checkpoints of a pair."""
    alike = "alike but for masking"
    if not rows[0].known:
        alike = f"not known to be {alike}"
    elif rows[0].fixed:
        alike = f"{alike} and the sentence pairs that were drawn with the masks"
    return f"the two of a pair {alike}" if rows[0].pairs > 1 else alike


def explained_by(rows: Sequence[MaskingDifference]) -> str:
    """What the intervals of rows of one kind allow for."""
    if rows[0].pairs > 1:
        return "pre-training seeds and dev examples"
    return "fine-tuning seeds and dev examples" if rows[0].seeds > 1 else "dev examples"


def yardstick_words(effect: PublishedEffect) -> str:
    """Where the published effect is from, and what the chance to see it means."""
    return (
        f"The yardstick is what whole-word masking was published to add to BERT-Large "
        f"on MNLI: {signed(effect.uncased, 2)} points uncased and "
        f"{signed(effect.cased, 2)} cased; in SQuAD F1 it was "
        f"{signed(effect.squad_f1)}, uncased ({effect.source}). *Chance to see* is the "
        "probability that a true difference of that many points, uncased and cased, "
        "would have set the interval off zero; it is less that it would have remained "
        "after Holm's correction."
    )


def number_of_pairs(rows: Sequence[MaskingDifference]) -> str:
    """ "4 pairs", or "2 to 4 pairs" where rows have more and fewer."""
    return _span([row.pairs for row in rows], "pair")


def row_name(row: MaskingDifference, rows: Sequence[MaskingDifference]) -> str:
    """A row as a sentence names it: by its model only where there are several."""
    name = f"{row.task} {row.metric}"
    return f"{row.model} {name}" if len({one.model for one in rows}) > 1 else name


def _compared(run: MaskingRun) -> str:
    """How many checkpoints, how they were fine-tuned, and what that could show."""
    rows, effect = run.masking, published_effect().uncased
    chances = [chance for row in rows if (chance := row.chance(effect / 100))]
    said = (
        f"Compared are {counted(len(run.checkpoints), 'checkpoint')}{_steps(run)}, "
        f"fine-tuned in {_span([row.configurations for row in rows], 'configuration')} "
        f"on {_span([row.seeds for row in rows], 'seed')}."
    )
    if not chances:
        return said
    low, high = (f"{100 * end(chances):.0f}" for end in (min, max))
    chance = low if low == high else f"{low} to {high}"
    return (
        f"{said} Had whole words added the {signed(effect)} point published for "
        f"BERT-Large on MNLI, an interval would have been off zero with a chance of "
        f"{chance} %, and after Holm's correction with less."
    )


def _steps(run: MaskingRun) -> str:
    """How long the checkpoints were pre-trained, where all of them say."""
    made = [(c.get("pretraining") or {}).get("settings", {}) for c in run.checkpoints]
    if not all("num_train_steps" in own for own in made):
        return ""
    return f" of {_span([own['num_train_steps'] for own in made], 'step')}"


def _span(numbers: Sequence[int], noun: str) -> str:
    """ "2 to 4 pairs", or "4 pairs" where all are the same."""
    low, high = min(numbers), max(numbers)
    return f"{low:,} to {high:,} {noun}s" if low < high else counted(high, noun)


def _heading(rows: Sequence[MaskingDifference]) -> str:
    several = rows[0].pairs > 1
    over = f"over {number_of_pairs(rows)}" if several else "in one pair"
    return (
        f"**Whole-word against WordPiece masking {over} of pre-trainings**, "
        f"{what_they_are(rows)}, on {_scores(rows)}. Intervals allow for other "
        f"{explained_by(rows)}{_about(rows[0])}."
    )


def _about(row: MaskingDifference) -> str:
    """What the rows of a kind are about, and what may turn them around."""
    said = [""]
    if row.pairs == 1 and row.seeds == 1:
        said.append(
            "what follows is about these very trials, and another fine-tuning seed may "
            "turn it around, as may another pre-training seed"
        )
    elif row.pairs == 1:
        said.append(
            "what follows is about these two checkpoints, and another pre-training "
            "seed may turn it around"
        )
    if not row.known:
        said.append("a difference may be due to something other than masking")
    return "; ".join(said)


def _scores(rows: Sequence[MaskingDifference]) -> str:
    tasks = dict.fromkeys((row.model, row.task) for row in rows)
    return f"{counted(len(rows), 'score')} of {counted(len(tasks), 'task')}"


def _findings(
    own: Sequence[MaskingDifference],
    rows: Sequence[MaskingDifference],
    limits: Mapping[tuple[str, str], Mapping[float, str]],
) -> Iterator[str]:
    """Sentences on what is shown, bounded and open of `own`, which are among `rows`."""
    shown, bounded, open_ = [], [], []
    for row in own:
        name = row_name(row, rows)
        limit = _limit(row, limits.get((row.task, row.metric), {}))
        if row.apart:
            shown.append(row)
        elif limit and not row.collapsed:
            bounded.append(f"{name} within {limit}")
        else:
            open_.append(name + _collapse(row))
    yield from _shown(shown, rows)
    yield from _unlearnt(own, rows)
    if bounded:
        yield f"A difference is bounded on {len(bounded)}: {'; '.join(bounded)}."
    if open_:
        yield f"Nothing can be told on {len(open_)}: {', '.join(open_)}."


def _shown(
    shown: Sequence[MaskingDifference], rows: Sequence[MaskingDifference]
) -> Iterator[str]:
    if not shown:
        yield "A difference is shown on none."
        return
    are = "is" if len(shown) == 1 else "are"
    number = counted(len(shown), "interval")
    yield f"{number} {are} off zero (whole word − WordPiece, points)."
    table = f"Holm's correction over all {counted(len(rows), 'row')} of the table"
    for remains, holds in (
        (True, f"A difference is shown, after {table}"),
        (False, f"Not shown after {table}, since chance may do as much"),
    ):
        of_these = [row for row in shown if row.remains == remains]
        if of_these:
            named = "; ".join(f"{row_name(row, rows)} {_said(row)}" for row in of_these)
            yield f"{holds}: {named}."


def _unlearnt(
    own: Sequence[MaskingDifference], rows: Sequence[MaskingDifference]
) -> Iterator[str]:
    """Where there is nothing that masking could have made better."""
    names = [row_name(row, rows) for row in own if row.height <= 0]
    if names:
        yield (
            "No higher than a constant answer, under one masking at least: "
            f"{', '.join(names)}; there a difference says little about either."
        )


def _said(row: MaskingDifference) -> str:
    better = "whole word" if row.difference > 0 else "WordPiece"
    span = bounds(100 * row.low, 100 * row.high)
    return f"{signed(100 * row.difference)} {span}, {better} better{_collapse(row)}"


def _limits(row: MaskingDifference) -> dict[float, str]:
    """In points, what a difference may be held against, each with what it is."""
    found = {published_effect().uncased: "published for BERT-Large on MNLI"}
    if margin := load_margins().get((row.task, row.metric)):
        found.setdefault(margin, "the task's margin")
    return found


def _limit(row: MaskingDifference, limits: Mapping[float, str]) -> str | None:
    """The smallest limit that holds the whole interval, in words.

    None as well where it would hold the loss of all that was learnt.
    """
    reach = 100 * max(-row.low, row.high)
    for limit in sorted(limits):
        if reach < limit < 100 * row.height:
            return f"±{limit:g} ({limits[limit]})"
    return None


def _collapse(row: MaskingDifference) -> str:
    if not row.collapsed:
        return ""
    return f" ({row.degenerate} of {len(row.trial_ids)} trials degenerate)"
