"""Cells that get their verdict without statistics: what forbids the comparison.

Each rule looks at one cell of the published table and either leaves it open or closes
it with a verdict, why, and what would change it. The first that closes it wins, so the
order of RULES is part of the meaning: first whether there is a number of ours at all,
then whether it may be compared, then whether it means anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from suite.documented_grid import documented_configurations
from suite.estimates import Estimate
from suite.grids import Grid, configuration_of, label_key
from suite.published import PublishedScore, TableColumn
from suite.task_rulings import ruling_on_qqp, ruling_on_wnli
from suite.tasks import DIAGNOSTIC_SPLIT, TASKS, completeness, trained_on


@dataclass(frozen=True, eq=False)
class Context:
    """What the rules for one cell may look at."""

    run: Mapping
    checkpoint: Mapping
    column: TableColumn
    grid: Grid | None
    estimate: Estimate | None
    published: PublishedScore | None


Closed = tuple[str, str, str] | None  # verdict, why, what would change it


def ruling_without_statistics(context: Context) -> Closed:
    """The first rule's verdict, why and what would change it; None leaves it open."""
    return next(filter(None, (rule(context) for rule in RULES)), None)


def counts_in_score(context: Context) -> bool:
    """Whether WNLI's number, of which no claim is made, may be a part of the Score.

    A constant answer is: the published ones are hardly anything else.
    """
    others = (rule for rule in RULES if rule not in (_rule_wnli, _rule_degenerate))
    return not any(rule(context) for rule in others)


def _rule_not_run(context: Context) -> Closed:
    if context.grid is not None:
        return None
    task = trained_on(context.column.task)
    reason = context.run.get("skipped", {}).get(task)
    why = reason or f"{task} is not among the tasks of this run"
    change = "the complete task" if reason else f"run it with --tasks {task}"
    return "not run", why, change


def _rule_not_scored(context: Context) -> Closed:
    if context.estimate is not None:
        return None
    grid = context.grid
    if not grid.configurations:
        first = grid.failed[0].reason if grid.failed else "no shared seed"
        why = f"no configuration finished on every seed ({first})"
        return "not scored", why, "resume the run"
    return "not scored", "no labels", "labels for this split, by --test-labels"


def _rule_sample(context: Context) -> Closed:
    if not context.run.get("sample"):
        return None
    return "not comparable", "sample task", "run with --glue-dir on GLUE itself"


def _rule_partial_train(context: Context) -> Closed:
    why = context.run.get("partial", {}).get(context.grid.task.name)
    if not why:
        return None
    reasons = "; ".join(filter(None, (why, _part_of_grid(context))))
    return "not comparable", reasons, "the complete train split"


def _rule_checkpoint(context: Context) -> Closed:
    if context.checkpoint["published_as"]:
        return None
    if context.checkpoint["masking"] == "whole-word":
        why = "no published compact model used whole-word masking"
    else:
        why = "the checkpoint is none of the published ones"
    return "not comparable", why, "run a published checkpoint"


def _rule_no_number(context: Context) -> Closed:
    if context.published:
        return None
    name, column = context.checkpoint["published_as"], context.column
    why = f"no {column.task} {column.metric} of {name} was published"
    return "not comparable", why, "a published number"


def _rule_part_of_grid(context: Context) -> Closed:
    why = _part_of_grid(context)
    return why and ("not comparable", why, "run the whole grid")


def _part_of_grid(context: Context) -> str | None:
    """How many of the documented configurations were tried, where not all of them."""
    documented = documented_configurations()
    tried = {configuration_of(record.trial) for record in context.grid.records}
    if documented <= tried:
        return None
    return (
        f"{len(documented & tried)} of the {len(documented)} documented configurations "
        "were tried"
    )


def _rule_wnli(context: Context) -> Closed:
    closed = ruling_on_wnli(context.column)
    return closed and (*closed, "nothing: the published cell measures nothing")


def _rule_incomplete(context: Context) -> Closed:
    task = context.grid.task
    scored = context.estimate.split
    for split in dict.fromkeys(("dev", scored)):
        size = context.grid.labels[split].size
        owner = TASKS["AX"] if split == DIAGNOSTIC_SPLIT else task
        name = "test" if split == DIAGNOSTIC_SPLIT else split
        if completeness(owner, name, size) == "partial":
            why = (
                f"{label_key(task, split)} holds {size:,} rows, officially "
                f"{owner.rows[name]:,}"
            )
            return "not comparable", why, "the complete split"
    return None


def _rule_qqp(context: Context) -> Closed:
    on_test = context.estimate.split.startswith("test")
    closed = ruling_on_qqp(context.column, on_test)
    return closed and (*closed, "labels of QQP's test split")


def _rule_degenerate(context: Context) -> Closed:
    collapsed = context.estimate.collapsed
    if not collapsed:
        return None
    why = f"our chosen trials collapsed: {collapsed}"
    if context.column.metric == "matthews" and context.published.value == 0:
        why += " (which is also what a published 0.0 looks like)"
    return "degenerate", why, "trials that learn: more pre-training or another grid"


def _rule_seeds(context: Context) -> Closed:
    if context.estimate.seed_error[context.column.metric].sd is not None:
        return None
    why = f"seed spread {context.estimate.seed_note}"
    return "inconclusive", why, "four seeds, or four configurations"


RULES: tuple[Callable[[Context], Closed], ...] = (
    _rule_not_run,
    _rule_not_scored,
    _rule_sample,
    _rule_partial_train,
    _rule_wnli,
    _rule_checkpoint,
    _rule_no_number,
    _rule_part_of_grid,
    _rule_incomplete,
    _rule_qqp,
    _rule_degenerate,
    _rule_seeds,
)
