"""masking.md: WordPiece against whole-word masking, and what that can show."""

from collections.abc import Sequence

from suite.markdown import table, trials
from suite.masked_lm_effect import MaskedLmDifference, checkpoint_differences
from suite.pages import Figures, folded
from suite.pretraining_pairs import what_pairs_show
from suite.report_tables import masked_lm_rows, masking_rows
from suite.reported_run import ReportedRun

_NOTHING = (
    "Nothing to compare: this run has no two checkpoints of one model, one of each "
    "masking, with a task in common."
)
_EXPLANATION = (
    "Mean dev scores over the configurations and seeds that both checkpoints finished, "
    "in points. The interval is a paired bootstrap over dev examples: it says whether "
    "these very checkpoints differ on more examples like these."
)
_MASKED_LM = (
    "Accuracy in points and loss in nats, each model on text that its own masking hid. "
    "Whole words are not as hard to guess as pieces, so a difference is of the two "
    "tasks as well as of the two models."
)


def masking_parts(run: ReportedRun, figures: Figures) -> list[str]:
    """A run's part of the page; it has no figures."""
    return [
        *_fine_tuned(run),
        *masked_lm_parts(checkpoint_differences(run.checkpoints), sample=run.sample),
    ]


def masked_lm_parts(rows: Sequence[MaskedLmDifference], *, sample: bool) -> list[str]:
    """Held-out masked-LM metrics of pre-trainings; nothing where there are no pairs."""
    if not rows:
        return []
    return [
        "## Held-out masked-LM metrics",
        _MASKED_LM,
        masked_lm_rows(rows, sample=sample),
        what_pairs_show(max(row.over.pairs for row in rows)),
    ]


def _fine_tuned(run: ReportedRun) -> list[str]:
    rows = run.masking
    if not rows:
        return [_NOTHING]
    behind = {(row.model, row.task): row.trial_ids for row in rows}
    ids = [[model, task, trials(own)] for (model, task), own in behind.items()]
    ids_table = table(("Model", "Task", "Trials"), ids, sample=run.sample)
    return [
        _EXPLANATION,
        masking_rows(rows, sample=run.sample),
        what_pairs_show(max(row.pairs for row in rows)),
        *folded("Trial ids", ids_table),
    ]
