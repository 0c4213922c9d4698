"""The page about SQuAD 1.1: exact match and F1 of what was run here.

Made of the runs of results/squad/. What was published of SQuAD is of BERT-Large, so it
stands beside as it is and no verdict is given on another size.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from suite.checkpoint_words import title
from suite.estimates import generator_for
from suite.grids import configuration_of, selected_configuration
from suite.markdown import NOTHING, counted, percent, points, table, trials
from suite.pages import made_on, run_directories, write_page
from suite.published import load_published
from suite.records import RunDirectory, TrialRecord
from suite.statistics import bootstrap_draws, interval
from suite.tasks import SQUAD
from suite.verdicts import run_checkpoints

METRICS = ("exact_match", "f1")
RESAMPLES = 2000
_NO_COMPARISON = (
    "Of BERT-Large, another size, on a split that is not stated: to know how far there "
    "is to go, and nothing to hold the numbers above against. How little is little: "
    "the simple baseline of those who made the data has 20 % F1, people have 86.8 % "
    "(Rajpurkar et al. 2016, abstract)."
)
_COLUMNS = "*Loss* is the mean training loss of each epoch."


def write_squad_report(records: Path, reports_dir: Path) -> list[Path]:
    """Write squad.md; returns the file."""
    parts = ["# SQuAD 1.1", "Exact match and F1 on dev. Generated; do not edit."]
    runs = run_directories(records)
    if not runs:
        parts.append("Nothing is recorded yet: `python -m suite squad …`.")
    for run in runs:
        parts += _section(run)
    parts += ["## Published", _NO_COMPARISON, _published()]
    return [write_page(reports_dir / "squad.md", parts)]


def _section(run: RunDirectory) -> list[str]:
    about = run.stated("squad", "seeds")
    parts = [
        f"## {run.path.name}",
        f"{_splits(about['squad'])} {made_on(run, 'squad')}",
    ]
    for checkpoint in run_checkpoints(run):
        own = [r for r in run.records() if r.trial.checkpoint == checkpoint["sha256"]]
        parts += [f"### {title(checkpoint)}", checkpoint.get("description", "")]
        parts += [_selected(run, own), _COLUMNS, trial_rows(own)]
    return parts


def _splits(splits: dict) -> str:
    train, dev = splits["train"], splits["dev"]
    of = "" if train["completeness"] == "complete" else f" of {SQUAD.rows['train']:,}"
    return (
        f"Trained on {train['questions']:,}{of} questions of the train split "
        f"({', '.join(train['files'])}); {dev['questions']:,} questions of dev are "
        f"answered ({dev['completeness']})."
    )


def _selected(run: RunDirectory, records: Sequence[TrialRecord]) -> str:
    """The configuration that is best on dev, with its error over questions."""
    seeds = run.run()["seeds"]
    of_grid = [record for record in records if record.trial.seed in seeds]
    chosen = selected_configuration(of_grid)
    if chosen is None:
        return "No configuration finished."
    own = [
        record
        for record in records
        if record.status == "finished" and configuration_of(record.trial) == chosen
    ]
    scores = {
        metric: np.stack([run.predictions(r.trial.id)[metric] for r in own])
        for metric in METRICS
    }
    said = ", ".join(
        f"{metric.replace('_', ' ')} {_with_interval(run, metric, values)}"
        for metric, values in scores.items()
    )
    return (
        f"Selected on dev, of {counted(len(of_grid), 'trial')}: {chosen}: {said}, mean "
        f"of {counted(len(own), 'seed')}; the interval is over questions. It is the "
        "best of those tried, scored where it was chosen, and so rather too high."
    )


def _with_interval(run: RunDirectory, metric: str, values: np.ndarray) -> str:
    by_question = values.astype(np.float64).mean(axis=0)
    rng = generator_for("squad", run.path.name, metric)
    low, high = interval(
        bootstrap_draws(
            lambda weights: weights @ by_question / by_question.size,
            by_question.size,
            rng,
            RESAMPLES,
        )
    )
    span = f"[{percent(low)}, {percent(high)}]"
    return f"{percent(float(by_question.mean()), 2)} {span}"


def trial_rows(records: Iterable[TrialRecord]) -> str:
    """A row for each trial."""
    header = ("Configuration", "Seed", "Exact match", "F1", "Loss", "Note", "Trial")
    return table(header, map(_trial_row, records), sample=False)


def _trial_row(record: TrialRecord) -> list[str]:
    dev = record.scores.get("dev", {})
    return [
        str(configuration_of(record.trial)),
        str(record.trial.seed),
        *(percent(dev.get(metric), 2) for metric in METRICS),
        " → ".join(f"{loss:.2f}" for loss in record.losses) or NOTHING,
        record.reason or record.degenerate or "",
        trials([record.trial.id]),
    ]


def _published() -> str:
    rows = [
        [score.model, column.metric, points(score.value), score.source, score.locator]
        for (_, column), score in load_published().items()
        if column.task == SQUAD.name
    ]
    return table(
        ("Model", "Metric", "Published", "Source", "Where"), rows, sample=False
    )
