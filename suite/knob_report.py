"""The page about knobs: what known differences between implementations do to a score.

Made of the runs of results/knobs/; the same records give the same bytes.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from suite.checkpoint_words import described
from suite.figures import effects_figure
from suite.knob_effects import Effect, KnobRun, knob_run
from suite.markdown import (
    NOTHING,
    bounds,
    counted,
    p_value,
    points,
    signed,
    table,
    trials,
)
from suite.pages import folded, made_on, run_directories, write_page
from suite.paired_effects import PAIRED_VERDICTS
from suite.records import RunDirectory, TrialRecord
from suite.verdicts import run_checkpoints

_EXPLANATION = (
    "Each row turns one knob of the recipe and leaves everything else as it is, seeds "
    "included: *as in the sweep* is the recipe of all other pages, which is the "
    "original's but for its shuffle (the knob buffer-of-100). *Effect* is turned − as "
    "in the sweep, the mean over seeds of the main score on dev, in points; its "
    "interval holds the error of the examples and of the seeds. *A constant answer* is "
    "the best score of an answer that is always the same. *p* is corrected after Holm "
    "over the table; *sign-flip p* is the exact test over seeds alone, not corrected, "
    "and beside it stands the smallest that so many seeds can give. *Degenerate* are "
    f"the trials of either side that learnt nothing. {PAIRED_VERDICTS}"
)


def write_knob_report(records: Path, reports_dir: Path) -> list[Path]:
    """Write knobs.md and a figure for each run; returns the files."""
    parts = [
        "# Why does mine differ?",
        "Known differences between implementations of BERT fine-tuning, one at a time. "
        "Generated; do not edit.",
    ]
    written = []
    runs = run_directories(records)
    if not runs:
        parts.append("Nothing is recorded yet: `python -m suite knobs …`.")
    for run in runs:
        found = knob_run(run)
        figure = reports_dir / "figures" / f"knobs_{run.path.name}.svg"
        parts += _section(run, found, figure.relative_to(reports_dir))
        if found.effects:
            written.append(effects_figure(figure, found.effects))
    return [write_page(reports_dir / "knobs.md", parts), *written]


def _section(run: RunDirectory, found: KnobRun, figure: Path) -> list[str]:
    checkpoints = "; ".join(map(described, run_checkpoints(run)))
    parts = [
        f"## {run.path.name}",
        f"{checkpoints}; {_trained(run.records())}. {made_on(run, 'knobs')}",
    ]
    if not found.effects:
        return [*parts, "No knob shares two seeds with the sweep's own recipe yet."]
    return [
        *parts,
        f"![Effects with their intervals; the table has the numbers]({figure})",
        _EXPLANATION,
        _unlearnt(found.effects),
        effect_rows(found.effects),
        _failed(found.failed),
        "What each knob is:",
        knob_rows(found.effects),
        *folded("Trial ids", _ids(found.effects)),
    ]


def _unlearnt(effects: Sequence[Effect]) -> str:
    """Which tasks the checkpoint has not learnt, as far as can be seen."""
    scores = {
        e.pairs.task.name: (e.pairs.faithful_score, e.pairs.constant) for e in effects
    }
    low = [
        f"{task} ({points(ours)}; a constant answer {points(constant)})"
        for task, (ours, constant) in scores.items()
        if ours <= constant
    ]
    if not low:
        return ""
    return (
        f"No higher than a constant answer as in the sweep: {', '.join(low)}. What a "
        "knob does there says little of a model that has learnt the task."
    )


def effect_rows(effects: Sequence[Effect]) -> str:
    """A row for each task and knob."""
    header = (
        *("Task", "Knob turned", "Seeds", "A constant answer", "As in the sweep"),
        *("Effect, 95 %", "p", "Sign-flip p (least)", "Margin", "Verdict"),
        "Degenerate: as in the sweep, turned",
    )
    return table(header, map(_effect_row, effects), sample=False)


def _effect_row(effect: Effect) -> list[str]:
    pairs = effect.pairs
    flip = effect.sign_flip
    return [
        pairs.task.name,
        pairs.knob.name,
        str(len(pairs.seeds)),
        points(pairs.constant),
        points(pairs.faithful_score),
        f"{signed(effect.mean, 2)} {bounds(effect.low, effect.high)}",
        p_value(effect.p, at_floor=effect.at_floor),
        f"{flip.p:.3f} ({flip.smallest:.3f})",
        NOTHING if effect.margin is None else points(effect.margin),
        effect.verdict,
        ", ".join(map(str, pairs.degenerate)),
    ]


def knob_rows(effects: Sequence[Effect]) -> str:
    """What the knobs in a table mean."""
    knobs = {effect.pairs.knob.name: effect.pairs.knob for effect in effects}
    rows = [[knob.name, knob.here, knob.otherwise] for knob in knobs.values()]
    return table(("Knob", "In the sweep", "Turned"), rows, sample=False)


def _ids(effects: Iterable[Effect]) -> str:
    rows = [
        [e.pairs.task.name, e.pairs.knob.name, trials(e.pairs.trial_ids)]
        for e in effects
    ]
    return table(("Task", "Knob", "Trials"), rows, sample=False)


def _failed(records: Sequence[TrialRecord]) -> str:
    if not records:
        return ""
    named = ", ".join(
        f"{r.trial.task} {r.trial.variation or 'as in the sweep'} seed {r.trial.seed}"
        for r in records
    )
    return f"{counted(len(records), 'trial')} failed: {named}."


def _trained(records: Sequence[TrialRecord]) -> str:
    """The one configuration, in words."""
    shapes = {
        (r.trial.batch_size, r.trial.learning_rate, r.trial.epochs) for r in records
    }
    return "; ".join(
        f"batch {batch}, learning rate {rate:g}, {counted(epochs, 'epoch')}"
        for batch, rate, epochs in sorted(shapes)
    )
