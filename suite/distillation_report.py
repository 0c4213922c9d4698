"""The page about distillation: fine-tuned and distilled, two columns of one table.

Made of the runs of results/distillation/; the same records give the same bytes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from suite.checkpoint_words import described
from suite.constant_answers import constant_scores
from suite.distillation_effects import Distillation, Side, distillations
from suite.estimates import Choice
from suite.markdown import (
    NOTHING,
    bounds,
    counted,
    p_value,
    percent,
    points,
    signed,
    table,
    trials,
)
from suite.metrics import main_score
from suite.pages import folded, made_on, run_directories, write_page
from suite.paired_effects import PAIRED_VERDICTS
from suite.records import RunDirectory
from suite.statistics import interval
from suite.tasks import task_named
from suite.verdicts import run_checkpoints

_EXPLANATION = (
    "*A constant answer* is the best score of an answer that is always the same. "
    "*Cross-fitted*: configurations are chosen on one half of dev and scored on the "
    "other; the interval is over examples. The teacher is one trial, scored on dev as "
    "it is. *Naive* is the best of the grid, scored where it was chosen, and "
    "*optimism* what it has over the cross-fitted; beside a mean over fresh seeds "
    "stands their standard deviation. Both sides choose among equally many "
    "configurations, on the same examples, and their difference is of the same seeds "
    "and the same examples. With three or more seeds that had no part in selecting it "
    "is that of the selected configurations on those seeds, otherwise that of the "
    "cross-fitted predictions, both sides halved alike. Its interval resamples "
    "examples and adds the seeds' error: Student's t of the differences of those "
    "seeds, or what the grids show of one side's spread. *p* is corrected after Holm "
    "over the run; *sign-flip p* is the exact test over seeds alone, and beside it "
    f"stands the smallest that so many seeds can give. {PAIRED_VERDICTS}"
)


def write_distillation_report(records: Path, reports_dir: Path) -> list[Path]:
    """Write distillation.md; returns the file."""
    parts = [
        "# Distillation",
        "A student fine-tuned on labels beside the same student taught by a larger "
        "model, over the same grid. Generated; do not edit.",
    ]
    runs = run_directories(records)
    nothing = "Nothing is recorded yet: `python -m suite distill …`."
    parts.append(_EXPLANATION if runs else nothing)
    for run in runs:
        parts += _section(run)
    return [write_page(reports_dir / "distillation.md", parts)]


def _section(run: RunDirectory) -> list[str]:
    found = distillations(run)
    students = "; ".join(map(described, run_checkpoints(run)))
    return [
        f"## {run.path.name}",
        f"Student: {students}. {made_on(run, 'distillation')}",
        _lists(run.run()),
        *(f"On a part, not comparable: {why}." for why in _partial(run.run())),
        summary(found),
        *folded("Trial ids", _ids(found)),
    ]


def summary(found: Sequence[Distillation]) -> str:
    """The tables of a run: of each distillation its columns, and all differences."""
    parts = []
    for one in found:
        parts += [_lesson(one), columns(one), _unlearnt(one), _outdone(one)]
    parts += ["Distilled − fine-tuned, main score on dev:", difference_rows(found)]
    return "\n\n".join(part.strip("\n") for part in parts if part)


def columns(one: Distillation) -> str:
    """A constant answer, both sides and the teacher, a row for each number."""
    task = task_named(one.about["task"])
    sides = one.fine_tuned, one.distilled
    teacher, constant = _teacher_scores(one), _constant_scores(one)
    configurations = [*map(_configuration, sides), _of_teacher(one.about)]
    rows = [["Configuration", NOTHING, *configurations]]
    names = {metric: f"{metric}, cross-fitted" for metric in task.metrics}
    if len(names) > 1:
        names["main"] = "mean of them, cross-fitted"
    for metric, name in names.items():
        values = [_cross_fitted(side, metric) for side in sides]
        least, theirs = percent(constant.get(metric)), percent(teacher.get(metric))
        rows.append([name, least, *values, theirs])
    rows += [
        [name, NOTHING, *map(said, sides), NOTHING]
        for name, said in (
            ("naive best of the grid", _naive),
            ("optimism of it", _optimism),
            ("selected, on fresh seeds", _on_fresh_seeds),
            ("trials", _fates),
        )
    ]
    header = ("On dev", "A constant answer", "Fine-tuned", "Distilled", "Teacher")
    return table(header, rows, sample=False)


def _teacher_scores(one: Distillation) -> dict[str, float]:
    """Of the teacher's own trial on dev, and its main score; {} where not known."""
    scores = one.about.get("scores", {}).get("dev", {})
    task = task_named(one.about["task"])
    return scores | {"main": main_score(task, scores)} if scores else {}


def _constant_scores(one: Distillation) -> dict[str, float]:
    """The best of each metric, and of the main score, by always the same answer."""
    known = one.fine_tuned or one.distilled
    if known is None:
        return {}
    return constant_scores(known.grid.task, known.grid.labels["dev"])


def _unlearnt(one: Distillation) -> str:
    """A sentence where neither side is above a constant answer; else nothing."""
    sides = [side for side in (one.fine_tuned, one.distilled) if side]
    ours = [side.choice.cross_fitted.scores["main"] for side in sides]
    if not ours or max(ours) > _constant_scores(one)["main"]:
        return ""
    return (
        "Neither is above a constant answer: what one gains on the other says little "
        "of models that have learnt the task."
    )


def _outdone(one: Distillation) -> str:
    """A sentence where the teacher is no better than who learns without it."""
    teacher, side = _teacher_scores(one), one.fine_tuned
    if not teacher or side is None:
        return ""
    if teacher["main"] > _reached(side.choice):
        return ""
    return (
        "The teacher is no better than what its student reaches on the labels, so this "
        "is no test of what a good teacher adds."
    )


def _reached(choice: Choice) -> float:
    """The better of a side's two scores: cross-fitted, and on fresh seeds if any."""
    cross_fitted = choice.cross_fitted.scores["main"]
    fresh = choice.repeated
    return cross_fitted if fresh is None else max(cross_fitted, float(fresh.mean()))


def difference_rows(found: Sequence[Distillation]) -> str:
    """A row for each distillation that can be compared."""
    header = (
        *("Task", "Variation", "Of", "Seeds", "Difference, 95 %", "p"),
        *("Sign-flip p (least)", "Margin", "Verdict"),
    )
    return table(header, map(_difference_row, found), sample=False)


def _difference_row(one: Distillation) -> list[str]:
    names = [one.about["task"], one.about["variation"]]
    found = one.difference
    if found is None:
        return [*names, *[NOTHING] * 6, "nothing to compare yet"]
    flip = found.sign_flip
    return [
        *names,
        one.pairing.how,
        str(one.pairing.seeds),
        f"{signed(found.mean, 2)} {bounds(found.low, found.high)}",
        p_value(found.p, at_floor=found.at_floor),
        f"{flip.p:.3f} ({flip.smallest:.3f})" if flip else NOTHING,
        NOTHING if found.margin is None else points(found.margin),
        found.verdict,
    ]


def _lesson(one: Distillation) -> str:
    about = one.about
    teacher, transfer = about["teacher"], about["transfer"]
    files = ", ".join(file["name"] for file in transfer["files"])
    source = files or "the task's own train split, without its labels"
    then = "; then fine-tuned on the labels" if about["then_fine_tune"] else ""
    typed = teacher.get("fine_tuned", {}).get("command")
    made = f", made by `{typed}`" if typed else ""
    return (
        f"### {about['task']}, taught by {teacher['name']}\n\n"
        f"Teacher: {teacher['name']}, {teacher['description']} "
        f"(`{teacher['sha256'][:12]}`){made}. Taught on "
        f"{counted(transfer['texts'], 'text')} of {source}{then}. "
        f"Variation `{about['variation']}`."
    )


def _of_teacher(about: Mapping) -> str:
    made = about["teacher"].get("fine_tuned")
    if not made:
        return NOTHING
    return f"batch {made['batch_size']}, lr {made['learning_rate']:g}"


def _configuration(side: Side | None) -> str:
    return str(side.choice.configuration) if side else NOTHING


def _cross_fitted(side: Side | None, name: str) -> str:
    if side is None:
        return NOTHING
    found = side.choice.cross_fitted
    low, high = interval(found.draws[name])
    return f"{percent(found.scores[name])} [{percent(low)}, {percent(high)}]"


def _naive(side: Side | None) -> str:
    return percent(side.choice.naive["main"]) if side else NOTHING


def _optimism(side: Side | None) -> str:
    return signed(100 * side.choice.optimism) if side else NOTHING


def _on_fresh_seeds(side: Side | None) -> str:
    if side is None or side.choice.repeated is None:
        return NOTHING
    found = 100 * side.choice.repeated
    spread = f" ± {found.std(ddof=1):.1f}" if found.size > 1 else ""
    return f"{points(float(found.mean()))}{spread} ({counted(found.size, 'seed')})"


def _fates(side: Side | None) -> str:
    if side is None:
        return NOTHING
    grid = side.grid
    said = [
        str(len(grid.records)),
        *(f"{len(grid.failed)} failed" for _ in grid.failed[:1]),
        *(f"{len(grid.degenerate)} degenerate" for _ in grid.degenerate[:1]),
    ]
    return ", ".join(said)


def _lists(about: Mapping) -> str:
    """What was tried in place of the documented lists; "" for those."""
    tried = [
        f"{name.replace('_', ' ')} {', '.join(f'{value:g}' for value in about[name])}"
        for name in ("batch_sizes", "learning_rates")
        if name in about
    ]
    return f"Not the documented lists: {'; '.join(tried)}." if tried else ""


def _partial(about: Mapping) -> list[str]:
    return list(about.get("partial", {}).values())


def _ids(found: Sequence[Distillation]) -> str:
    """The trials of the selected configurations, the grid's and the repeated ones."""
    rows = [
        [one.about["task"], name, _trial_ids(side)]
        for one in found
        for name, side in (
            ("fine-tuned", one.fine_tuned),
            (one.about["variation"], one.distilled),
        )
    ]
    return table(("Task", "Side", "Selected"), rows, sample=False)


def _trial_ids(side: Side | None) -> str:
    if side is None:
        return NOTHING
    repeats = side.grid.repeats
    return trials([*side.choice.trial_ids, *(repeats.trial_ids if repeats else ())])
