"""The paragraphs on top of a report, in plain words, from the records.

For someone who reads nothing else: which checkpoint, on what data, compared with what,
what came out, how sure that is, and what does not follow from it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from suite.cells import Cell
from suite.checkpoint_words import title
from suite.markdown import SAMPLE_NOTE, bounds, counted, signed
from suite.masking_effect import MaskingDifference
from suite.masking_summary import (
    by_kind,
    explained_by,
    number_of_pairs,
    what_they_are,
)
from suite.origin import in_words, made_here
from suite.published import load_published
from suite.reported_run import ReportedRun
from suite.seed_error import GUESSED
from suite.table_verdict import COMPARED, table_verdict

_GLUE = (
    "Tasks are of GLUE, nine tests of how well a model reads English sentences; scores "
    "are in points, 100 at best."
)


def summary(run: ReportedRun, masking: Sequence[MaskingDifference]) -> Iterator[str]:
    """The paragraphs, each headed by the question that it answers."""
    if run.sample:
        yield (
            f"**{SAMPLE_NOTE}** They are generated text with labels true by "
            "construction, and show that the pipeline works, not how good a model is."
        )
    compared = [cell for cell in run.cells if cell.verdict in COMPARED]
    yield f"**What was run.** {_what_was_run(run)}"
    if run.checkpoints:
        origins = " ".join(f"{_inline(c)} {in_words(c)}" for c in run.checkpoints)
        yield f"**Which checkpoints.** {origins}"
    if compared:
        yield f"**Compared with what.** {_compared_with(run)}"
    yield f"**What came out.** {_what_came_out(run, compared)}"
    for checkpoint in run.checkpoints:
        yield _checkpoint_summary(checkpoint, run.cells_of(checkpoint))
    if not run.sample and any(cell.constant is not None for cell in run.cells):
        yield f"**Was anything learnt?** {_learnt(run)}"
    if masking:
        yield _masking_summary(masking)
    if any(cell.low is not None for cell in compared):
        yield f"**How sure.** {_how_sure(compared)}"
    cautions = " ".join(_cautions(run, compared, masking))
    if cautions:
        yield f"**What does not follow.** {cautions}"


def finding(run: ReportedRun) -> list[str]:
    """The shortest that may be said of a run: what, what came out, what not follows."""
    compared = [cell for cell in run.cells if cell.verdict in COMPARED]
    said = [f"**What was run.** {_what_was_run(run)}"]
    if run.checkpoints:
        first = run.checkpoints[0]
        said[0] += f" {_inline(first)} {in_words(first)}"
    said.append(f"**What came out.** {_what_came_out(run, compared)}")
    if not run.sample and any(cell.constant is not None for cell in run.cells):
        said[-1] += f" {_learnt(run)}"
    cautions = " ".join(_cautions(run, compared, ()))
    return [*said, f"**What does not follow.** {cautions}"] if cautions else said


def _what_was_run(run: ReportedRun) -> str:
    status = Counter(record.status for record in run.records)
    degenerate = sum(bool(record.degenerate) for record in run.records)
    tasks = list(dict.fromkeys(task for _, task in run.grids))
    said = (
        f"{counted(len(run.checkpoints), 'checkpoint')} fine-tuned on "
        f"{counted(len(tasks), 'task')} ({', '.join(tasks) or 'none'}): "
        f"{counted(len(run.records), 'trial')}, {status['finished']} finished, "
        f"{status['failed']} failed, {degenerate} degenerate."
    )
    if run.records:
        said += "" if run.sample else f" {_GLUE}"
        said += (
            " A trial is one training run: one batch size, one learning rate, one seed."
        )
    if degenerate:
        said += (
            " A degenerate one learned nothing: it answers alike whatever it reads, or "
            "its training loss did not fall."
        )
    return said


def _inline(checkpoint: Mapping) -> str:
    """A checkpoint as a sentence names it."""
    name, *rest = title(checkpoint).split(", ")
    return name + (f" ({', '.join(rest)})" if rest else "")


def _compared_with(run: ReportedRun) -> str:
    """The published rows, and on which split each task's numbers are laid beside."""
    registry, said = load_published(), []
    for checkpoint in run.checkpoints:
        cells = [c for c in run.cells_of(checkpoint) if c.verdict in COMPARED]
        if not cells:
            continue
        model = checkpoint["published_as"]
        source = next(s.source for (m, _), s in registry.items() if m == model)
        said.append(
            f"{_inline(checkpoint)}: {counted(len(cells), 'number')} beside the row "
            f"{model} of {source}, which is of GLUE's test set and of one run; "
            f"{_splits(cells)}."
        )
    return " ".join(said)


def _splits(cells: Sequence[Cell]) -> str:
    same = _names(c for c in cells if c.compared == "test vs test")
    other = _names(c for c in cells if c.compared == "dev vs test")
    said = [f"{same} on the same test examples"] if same else []
    said += [f"{other} on other examples, ours being of dev"] if other else []
    return "; ".join(said)


def _names(cells: Iterator[Cell]) -> str:
    return ", ".join(dict.fromkeys(cell.name for cell in cells))


def _what_came_out(run: ReportedRun, compared: Sequence[Cell]) -> str:
    said = table_verdict(run.cells, run.checkpoints).sentence
    if not compared:
        return said
    largest = max(compared, key=lambda cell: abs(cell.difference))
    span = f" {bounds(largest.low, largest.high)}" if largest.low is not None else ""
    return (
        f"{said} The largest difference is {_named(largest)}: "
        f"{signed(largest.difference)} points{span}."
    )


def _checkpoint_summary(checkpoint: Mapping, cells: Sequence[Cell]) -> str:
    """How many cells got which verdict, and which were claims."""
    counts = Counter(cell.verdict for cell in cells)
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    named = [
        f"{verdict}: {', '.join(_named(c) for c in cells if c.verdict == verdict)}"
        for verdict in ("reproduced", "differs", "degenerate", "uninformative")
        if counts[verdict]
    ]
    detail = f" ({'; '.join(named)})" if named else ""
    return f"**{title(checkpoint)}**, {len(cells)} cells: {said}{detail}."


def _learnt(run: ReportedRun) -> str:
    """Which scores are above those of an answer that reads nothing."""
    said = [
        "Without looking at the text one scores something too, by the answer that is "
        "right most often; what is not above that, by more than the choice of examples "
        "explains, says little about a model."
    ]
    for checkpoint in run.checkpoints:
        cells = [c for c in run.cells_of(checkpoint) if c.constant is not None]
        above = _all_named(c for c in cells if c.above_constant)
        others = _all_named(c for c in cells if not c.above_constant)
        said.append(
            f"{_inline(checkpoint)}: above it on {above or 'nothing'}"
            + (f"; not on {others}." if others else ".")
        )
    return " ".join(said)


def _all_named(cells: Iterator[Cell]) -> str:
    return ", ".join(_named(cell) for cell in cells)


def _named(cell: Cell) -> str:
    return f"{cell.name} {cell.column.metric}"


def _masking_summary(masking: Sequence[MaskingDifference]) -> str:
    """Of one pair and of several apart, and so on: they are about different things."""
    return (
        "Whole-word against WordPiece masking in this run: "
        f"{'; '.join(map(_of_one_kind, by_kind(masking)))}. "
        "[masking.md](masking.md) says what that can show."
    )


def _of_one_kind(rows: Sequence[MaskingDifference]) -> str:
    over = f"over {number_of_pairs(rows)}" if rows[0].pairs > 1 else "in one pair"
    return (
        f"{over} of pre-trainings, {what_they_are(rows)}, {_apart(rows)} by more than "
        f"{explained_by(rows)} explain, {_about(rows)}"
    )


def _about(rows: Sequence[MaskingDifference]) -> str:
    said = f"{sum(row.remains for row in rows)} of them after Holm's correction too"
    if rows[0].pairs > 1:
        return said
    if rows[0].seeds > 1:
        return f"{said}, which is about these two checkpoints only"
    return (
        f"{said}, which is about these very trials only: another fine-tuning seed may "
        "turn it around"
    )


def _apart(rows: Sequence[MaskingDifference]) -> str:
    apart = sum(row.apart for row in rows)
    return f"{apart} of {counted(len(rows), 'score')} apart"


def _how_sure(compared: Sequence[Cell]) -> str:
    said = (
        "Each interval should hold the true difference 19 times in 20. It allows for "
        "what other examples, other seeds (a published number is one run), rounding "
        "and the choice among the grid may do to either number. The more numbers are "
        "compared, the more clearly each must differ (Holm's correction): of rows that "
        "truly agree with what was published, at most one in 20 differs anywhere by "
        "chance."
    )
    if any(cell.seed_note == GUESSED for cell in compared):
        said += (
            " Where there are fewer than four seeds, how much seeds matter is guessed "
            "from how far the better half of the grid lie apart; intervals are wider "
            "then than they need be, and miss less often "
            "(results/simulations/coverage.csv)."
        )
    return said


def _cautions(
    run: ReportedRun, compared: Sequence[Cell], masking: Sequence[MaskingDifference]
) -> Iterator[str]:
    """What a reader may be tempted to conclude, and must not."""
    for model in _never_run(run):
        yield (
            f"Not that {model} cannot be reproduced, nor that it can: the published "
            "checkpoint was not run. What was pre-trained here has its shape and none "
            "of its weights, and a difference is a finding about that pre-training."
        )
    if any(cell.verdict == "inconclusive" for cell in compared):
        yield (
            "*Inconclusive* does not mean equal: these data cannot tell, and the table "
            "says what could."
        )
    if any(cell.compared == "dev vs test" for cell in compared):
        yield (
            "Between dev and test the examples differ in more than chance: a small gap "
            "there may be the split's."
        )
    yield from _masking_cautions(masking)


def _masking_cautions(masking: Sequence[MaskingDifference]) -> Iterator[str]:
    several = [row for row in masking if row.pairs > 1]
    single = [row for row in masking if row.pairs == 1]
    if single:
        where = dict.fromkeys(f"{row.model} on {row.task}" for row in single)
        of = f" of {', '.join(where)}" if several else ""
        yield (
            "Not that one masking is better: that takes several pre-training runs of "
            f"each, and in this run there is one{of}."
        )
    if several:
        yield (
            "Not that one masking is the better one everywhere, nor that two are alike "
            f"where no difference is shown: {number_of_pairs(several)} of "
            "pre-trainings speak of this model, text and length of pre-training, and "
            "an effect smaller than [masking.md](masking.md) says could be seen may be "
            "there."
        )
    if not all(row.known for row in masking):
        yield (
            "Not that masking is what makes a difference between checkpoints that are "
            "not known to be alike but for it: not each has a record of its "
            "pre-training."
        )


def _never_run(run: ReportedRun) -> list[str]:
    """Published models that only checkpoints made here are laid beside."""
    perhaps = {c["published_as"] for c in run.checkpoints if not made_here(c)}
    beside = dict.fromkeys(c["published_as"] for c in run.checkpoints if made_here(c))
    return [m for m in beside if m and m not in perhaps and not run.sample]
