"""Markdown reports from run directories and the published registry.

    README.md   summary in plain words, the verdict table, what was run
    glue.md     the grid of each task, the chosen configuration and what it is worth
    masking.md  WordPiece against whole-word masking
    figures/    of each run: grids, seeds, losses, expected best, ours − published,
                whole word − WordPiece

The same directories give the same bytes, in seconds and without TensorFlow. Nothing is
written into a run directory and nothing is decided here: numbers come from
suite/verdicts.py, suite/estimates.py and suite/masking_effect.py. The pages that are
not of runs on GLUE are written elsewhere (suite/all_reports.py).
"""

from collections.abc import Sequence
from pathlib import Path

from suite.glue_page import INTRODUCTION, glue_parts
from suite.masked_lm_effect import MaskedLmDifference
from suite.masked_lm_summary import masked_lm_summary
from suite.masking_page import masked_lm_parts, masking_parts
from suite.masking_run import MaskingRun
from suite.masking_summary import in_short
from suite.pages import Figures, lowered, way_to, write_page
from suite.reported_run import ReportedRun, read_run
from suite.verdict_page import published_parts, verdict_parts

# What else may stand beside, each with what a link says.
_BESIDE = {
    "squad.md": "SQuAD",
    "knobs.md": "why does mine differ",
    "distillation.md": "distillation",
    "repeats.md": "the same trial twice",
    "pretraining.md": "pre-training",
    "data.md": "pre-training data",
    "performance.md": "speed",
}


def write_report(run_dir: Path, reports_dir: Path) -> list[Path]:
    """Write the reports of a run; returns the files, all of them written whole."""
    return write_runs([read_run(Path(run_dir))], Path(reports_dir))


def write_runs(
    runs: Sequence[ReportedRun],
    reports_dir: Path,
    results: Path | None = None,
    studies: Sequence[MaskingRun] = (),
    pretrained: Sequence[MaskedLmDifference] = (),
) -> list[Path]:
    """Write the reports of runs, a section each; returns the files, README.md first.

    With the project's `results` come links to its published numbers and pre-trainings.
    `studies` and `pretrained` are on the page of the maskings alone, and in short.
    """
    figures = {run: Figures(reports_dir, run.name) for run in runs}
    figures |= {one: Figures(reports_dir, f"masking_{one.name}") for one in studies}
    pages = {
        "README.md": [
            "# Fine-tuning scores beside the published ones",
            f"Generated; do not edit. Details: {_details(reports_dir)}.",
        ],
        "glue.md": ["# The documented grid, task by task", INTRODUCTION],
        "masking.md": ["# WordPiece against whole-word masking"],
    }
    for run in runs:
        made_of, own = _records(run, reports_dir), figures[run]
        for name, parts_of in (("README.md", verdict_parts), ("glue.md", glue_parts)):
            pages[name] += _section(run, made_of, parts_of(run, own), len(runs) > 1)
    for run in _with_pairs([*studies, *runs]):
        made_of = (_made_by if run in studies else _records)(run, reports_dir)
        parts, several = masking_parts(run, figures[run]), len(figures) > 1
        pages["masking.md"] += _section(run, made_of, parts, several)
    pages["README.md"] += _masking_in_short(studies, pretrained)
    pages["README.md"] += published_parts(sample=any(run.sample for run in runs))
    if results:
        way = way_to(results / "published", reports_dir)
        pages["README.md"].append(f"Records: {way}, a number a line with its source.")
        pages["masking.md"] += _recorded(
            pretrained, results / "pretraining", reports_dir
        )
    written = [write_page(reports_dir / name, parts) for name, parts in pages.items()]
    return [*written, *(path for own in figures.values() for path in own.written)]


def _with_pairs(runs: Sequence[MaskingRun]) -> Sequence[MaskingRun]:
    """Those that have both maskings; where none has, the first, which says so."""
    return [run for run in runs if run.masking] or runs[:1]


def _section(
    run: MaskingRun, made_of: str, parts: list[str], is_one_of_many: bool
) -> list[str]:
    """A run's part of a page, under its name where there are others."""
    if not is_one_of_many:
        return [made_of, *parts]
    return [f"## {run.name}", made_of, *lowered(parts)]


def _masking_in_short(
    studies: Sequence[MaskingRun], pretrained: Sequence[MaskedLmDifference]
) -> list[str]:
    """What the runs found that are for comparing maskings, and pre-training itself."""
    details = "Tables and what was run: [masking.md](masking.md)."
    found = [part for study in studies for part in in_short(study, details)]
    found += masked_lm_summary(pretrained)
    return ["## Does whole-word masking help?", *found] if found else []


def _made_by(study: MaskingRun, reports_dir: Path) -> str:
    """Where its records are, and how to make them again."""
    return (
        f"{_records(study, reports_dir)} Commit `{study.run['commit'][:7]}`, "
        f"{study.run['device']}, `{study.run['command']}`."
    )


def _details(reports_dir: Path) -> str:
    """Links to the other pages; those that are no run's, if they are there."""
    pages = {"glue.md": "the grids", "masking.md": "the maskings"}
    pages |= {p: said for p, said in _BESIDE.items() if (reports_dir / p).exists()}
    return ", ".join(f"[{said}]({page})" for page, said in pages.items())


def _records(run: MaskingRun, reports_dir: Path) -> str:
    return (
        f"Records: {way_to(run.path, reports_dir)}. A trial's id names its line in "
        "`trials.jsonl` and its predictions, `predictions/ID.npz`."
    )


def _recorded(
    pretrained: Sequence[MaskedLmDifference], pretraining: Path, reports_dir: Path
) -> list[str]:
    """Pre-trainings, whether or not a run on GLUE is of them."""
    parts = masked_lm_parts(pretrained, sample=False)
    if not parts:
        return []
    made_of = f"Records: {way_to(pretraining, reports_dir)}."
    return ["## Recorded pre-trainings", made_of, *lowered(parts)]
