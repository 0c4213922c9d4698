"""Markdown reports from a run directory and the published registry.

    README.md   summary in plain words, the verdict table, what was run
    glue.md     the grid of each task, the chosen configuration and what it is worth
    masking.md  WordPiece against whole-word masking
    figures/    heat maps of the grids, forest plots of ours - published

The same directory gives the same bytes, in seconds and without TensorFlow. Nothing is
written into the run directory and nothing is decided here: numbers come from
suite/verdicts.py, suite/estimates.py and suite/masking_effect.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reference.files import written_whole
from suite.estimates import Choice, choose, generator_for
from suite.figures import forest_figure, heat_map_figure
from suite.grids import Grid, configuration_of
from suite.markdown import counted, table, trials
from suite.masking_effect import MaskingDifference, compare_maskings
from suite.records import TrialRecord
from suite.report_summary import summary
from suite.report_tables import (
    checkpoint_rows,
    choice_rows,
    grid_rows,
    grid_trial_rows,
    masking_rows,
    run_rows,
    seed_notes,
    verdict_rows,
)
from suite.reported_run import ReportedRun, read_run, slug, title

_ON_FRESH_SEEDS = (
    "*On fresh seeds*: the chosen configuration once more on seeds that had no part in "
    "the choice, mean and standard deviation of its main score on dev. The tables of "
    "the grid hold the seeds of the grid alone."
)


def write_report(run_dir: Path, reports_dir: Path) -> list[Path]:
    """Write the reports of a run; returns the files, all of them written whole."""
    run, reports_dir = read_run(Path(run_dir)), Path(reports_dir)
    figures = _write_figures(run, reports_dir / "figures")
    masking = compare_maskings(run.checkpoints, run.grids)
    pages = {
        "README.md": _readme(run, masking, figures, _details(reports_dir)),
        "glue.md": _glue(run, figures),
        "masking.md": _masking(run, masking),
    }
    for name, text in pages.items():
        with written_whole(reports_dir / name) as file:
            file.write(text)
    return [*(reports_dir / name for name in pages), *figures.values()]


def _write_figures(run: ReportedRun, folder: Path) -> dict[str, Path]:
    """Figure name -> file; no forest plot where nothing may be compared."""
    figures = {}
    for number, checkpoint in enumerate(run.checkpoints):
        name = slug(checkpoint, number)
        grids = run.grids_of(checkpoint)
        if grids:
            path = folder / f"grid_{name}.svg"
            figures[f"grid_{name}"] = heat_map_figure(path, grids)
        path = folder / f"forest_{name}.svg"
        if not run.sample and forest_figure(path, run.cells_of(checkpoint)):
            figures[f"forest_{name}"] = path
    return figures


def _details(reports_dir: Path) -> str:
    """Links to the other pages; those on data and speed are no run's, if there."""
    pages = ["glue.md", "masking.md"]
    pages += [p for p in ("data.md", "performance.md") if (reports_dir / p).exists()]
    return ", ".join(f"[{page}]({page})" for page in pages)


def _readme(
    run: ReportedRun,
    masking: Sequence[MaskingDifference],
    figures: Mapping[str, Path],
    details: str,
) -> str:
    parts = [
        "# Fine-tuning scores beside the published ones",
        f"Generated from `{run.name}`; do not edit. Details: {details}.",
        "## In short",
        *summary(run, masking),
        "## Verdicts",
        "Scores are in points; `ours - published` carries every known source of error "
        "(our examples and seeds, the published test set's sampling, seed and "
        "rounding). Dev vs test: ours is cross-fitted on dev, theirs is GLUE's test "
        "set. Test vs test: chosen on dev, scored on the public test labels.",
    ]
    for number, checkpoint in enumerate(run.checkpoints):
        parts.append(f"### {title(checkpoint)}")
        parts.append(verdict_rows(run.cells_of(checkpoint), sample=run.sample))
        parts.append(seed_notes(run.cells_of(checkpoint)))
        parts += _image(figures, f"forest_{slug(checkpoint, number)}")
    parts += ["## What was run", checkpoint_rows(run.checkpoints, sample=run.sample)]
    parts += [_trial_counts(run), _skipped(run), _partial(run)]
    parts.append(run_rows(run.run, sample=run.sample))
    return _page(parts)


def _trial_counts(run: ReportedRun) -> str:
    """Trials per checkpoint and task, with the failed and degenerate ones named."""
    rows = []
    for checkpoint in run.checkpoints:
        for task, grid in run.grids_of(checkpoint).items():
            finished = len(grid.records) - len(grid.failed)
            rows.append(
                [
                    title(checkpoint),
                    task,
                    str(len(grid.records)),
                    str(finished),
                    str(len(grid.failed)),
                    str(len(grid.degenerate)),
                ]
            )
    header = ("Checkpoint", "Task", "Trials", "Finished", "Failed", "Degenerate")
    return table(header, rows, sample=run.sample)


def _skipped(run: ReportedRun) -> str:
    skipped = run.run.get("skipped", {})
    if not skipped:
        return ""
    rows = [[task, reason] for task, reason in skipped.items()]
    return table(("Task not run", "Why"), rows, sample=run.sample)


def _partial(run: ReportedRun) -> str:
    rows = [list(one) for one in run.run.get("partial", {}).items()]
    header = ("Task trained on a part", "How much of it")
    return table(header, rows, sample=run.sample) if rows else ""


def _glue(run: ReportedRun, figures: Mapping[str, Path]) -> str:
    parts = [
        "# The documented grid, task by task",
        "Scores are the task's main score on dev (the mean of its metrics), in points, "
        "averaged over seeds. The chosen configuration is bold; † marks degenerate "
        "trials. *Best of the grid* is what choosing and scoring on the same dev set "
        "gives, and is optimistic; *cross-fitted* chooses on one half of dev and "
        "scores on the other.",
    ]
    for number, checkpoint in enumerate(run.checkpoints):
        grids = run.grids_of(checkpoint)
        choices = {task: _choice(checkpoint, task, grids[task]) for task in grids}
        parts.append(f"## {title(checkpoint)}")
        parts += _image(figures, f"grid_{slug(checkpoint, number)}")
        chosen = {task: choice for task, choice in choices.items() if choice}
        if chosen:
            parts.append(choice_rows(chosen, sample=run.sample))
            if any(choice.repeated is not None for choice in chosen.values()):
                parts.append(_ON_FRESH_SEEDS)
        for task, grid in grids.items():
            parts += _task_section(task, grid, choices[task], sample=run.sample)
        if not grids:
            parts.append("No trials.")
    return _page(parts)


def _choice(checkpoint: Mapping, task: str, grid: Grid) -> Choice | None:
    # The generator of the verdict table's cell, so that both show one dev estimate.
    return choose(grid, generator_for("estimate", checkpoint["sha256"], task, "test"))


def _task_section(
    task: str, grid: Grid, choice: Choice | None, *, sample: bool
) -> list[str]:
    seeds = choice.cross_fitted.seed_note if choice else "no configuration to choose"
    further = len(grid.records) - len(grid.of_grid)
    on_fresh = f", {further} of them on fresh seeds" if further else ""
    parts = [
        f"### {task}",
        grid_rows(grid, choice, sample=sample),
        f"{counted(len(grid.records), 'trial')}{on_fresh}, {len(grid.failed)} failed, "
        f"{len(grid.degenerate)} degenerate. Seed spread: {seeds}.",
    ]
    fates = [_fate(record, record.reason, "failed") for record in grid.failed]
    fates += [_fate(r, r.degenerate, "degenerate") for r in grid.degenerate]
    parts.append("\n".join(fates))
    parts.append("<details><summary>Trial ids</summary>")
    parts.append(grid_trial_rows(grid, sample=sample))
    parts.append("</details>")
    return parts


def _fate(record: TrialRecord, reason: str | None, what: str) -> str:
    where = f"{configuration_of(record.trial)}, seed {record.trial.seed}"
    return f"- {trials([record.trial.id])} ({where}) {what}: {reason}"


def _masking(run: ReportedRun, rows: Sequence[MaskingDifference]) -> str:
    parts = ["# WordPiece against whole-word masking"]
    if not rows:
        parts.append(
            "Nothing to compare: this run has no two checkpoints of one model, one of "
            "each masking, with a task in common."
        )
        return _page(parts)
    parts.append(
        "Mean dev scores over the configurations and seeds that both checkpoints "
        "finished, in points. The interval is a paired bootstrap over dev examples."
    )
    parts.append(masking_rows(rows, sample=run.sample))
    parts.append(_what_pairs_show(max(row.pairs for row in rows)))
    parts.append("<details><summary>Trial ids</summary>")
    behind = {(row.model, row.task): row.trial_ids for row in rows}
    ids = [[model, task, trials(own)] for (model, task), own in behind.items()]
    parts.append(table(("Model", "Task", "Trials"), ids, sample=run.sample))
    parts.append("</details>")
    return _page(parts)


def _what_pairs_show(pairs: int) -> str:
    """What the number of pre-training runs allows one to say."""
    if pairs == 1:
        return (
            "There is one pre-training run per masking. The interval says whether "
            "these two checkpoints differ on more examples like these; it cannot say "
            "whether the masking is why, because another pre-training seed may move "
            "the scores as much. With one pair the exact sign-flip test can give no p "
            "below 1; six pairs are the fewest that can reach 0.05."
        )
    return (
        f"With {pairs} pre-training pairs the exact sign-flip test can give no p below "
        f"{2.0 ** (1 - pairs):.2g}. The interval is over dev examples only, for these "
        "pre-training runs."
    )


def _image(figures: Mapping[str, Path], name: str) -> list[str]:
    if name not in figures:
        return []
    caption = "Dev scores of the grid" if name.startswith("grid") else "Differences"
    return [f"![{caption}; the table has the same numbers](figures/{name}.svg)"]


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
