"""masking.md: WordPiece against whole-word masking, and what that can show."""

from collections.abc import Sequence

from suite.figures import masking_figure
from suite.markdown import SAMPLE_NOTE, table, trials
from suite.masked_lm_effect import MaskedLmDifference, checkpoint_differences
from suite.masked_lm_summary import masked_lm_summary
from suite.masking_effect import MaskingDifference
from suite.masking_run import MaskingRun
from suite.masking_summary import masking_summary, on_parts, yardstick_words
from suite.masking_tables import masked_lm_rows, masking_rows
from suite.pages import Figures, folded
from suite.pretraining_pairs import what_pairs_show
from suite.whole_word_effect import published_effect

_NOTHING = (
    "Nothing to compare: this run has no two checkpoints of one model and seed, one of "
    "each masking and not known to differ in more, with a task in common."
)
_EXPLANATION = (
    "Mean dev scores in points, over the configurations and fine-tuning seeds that all "
    "pairs finished on both sides; a pair that shares none of them is left out. Dev "
    "examples are resampled, the same for all pairs and both sides. *A constant "
    "answer* is the best score of an answer that is always the same; below it nothing "
    "shows that the task was learnt. *Could be seen* is the true difference that such "
    "an interval finds off zero four times in five; a smaller one may be there all the "
    "same."
)
_FIXED = (
    "Masks were drawn once, as in the original, and by the generator that draws the "
    "sentence pairs: the two of a pair saw other pairs too."
)
_OF_ONE = (
    "The interval of one pair says whether these very checkpoints differ, and *could "
    "be seen* is a difference between them."
)
_OF_SEEDS = (
    "Where they were fine-tuned with several seeds, both hold what these do, as "
    "Student's t of the differences by seed."
)
_OF_ONE_SEED = (
    "Where they were fine-tuned with one seed, both hold the dev examples alone: that "
    "is about these very trials, and another fine-tuning seed may turn it around."
)
_NOT_KNOWN = (
    "Pairs of which a checkpoint has no record of its pre-training are not known to be "
    "alike but for masking: what differs may be due to something else."
)
_OF_SEVERAL = (
    "From two pairs on the interval also holds what pre-training seeds do, as "
    "Student's t of the pairs' differences, and what *could be seen* holds both, "
    "rather too large than too small."
)
_DEGENERATE = (
    "A degenerate trial answers alike whatever it reads, or its training loss did not "
    "fall; a difference between such scores says nothing."
)
_SEEN = (
    " *Could be seen* is the true difference that a t test over so many pairs, with "
    "the spread that they show, finds four times in five; an effect smaller than that "
    "may be there all the same."
)
_MASKED_LM = (
    "Accuracy in points and loss in nats. Where each model guesses what its own "
    "masking hid, a difference is of the two tasks as well as of the two models, since "
    "whole words are not as hard to guess as pieces."
)
_ON_THE_SAME = (
    " Where one masking hid for both, they guess the very same tokens, and a "
    "difference is of the models; each is then at home under its own masking."
)
_NOT_ON_THE_SAME = " These models were not measured on the same hidden tokens."


def masking_parts(run: MaskingRun, figures: Figures) -> list[str]:
    """A run's part of the page; its figure is drawn on the way."""
    return [
        *_fine_tuned(run, figures),
        *masked_lm_parts(checkpoint_differences(run.checkpoints), sample=run.sample),
    ]


def masked_lm_parts(rows: Sequence[MaskedLmDifference], *, sample: bool) -> list[str]:
    """Held-out masked-LM metrics of pre-trainings; nothing where there are no pairs."""
    if not rows:
        return []
    pairs = max(row.over.pairs for row in rows)
    same = any(row.hidden_by for row in rows)
    return [
        "## Held-out masked-LM metrics",
        _MASKED_LM + (_ON_THE_SAME if same else _NOT_ON_THE_SAME),
        *masked_lm_summary(rows),
        masked_lm_rows(rows, sample=sample),
        f"{what_pairs_show(pairs)}{_SEEN if pairs > 1 else ''}",
    ]


def _fine_tuned(run: MaskingRun, figures: Figures) -> list[str]:
    rows = run.masking
    if not rows:
        return [_NOTHING]
    return [
        f"*{SAMPLE_NOTE}*" if run.sample else "",
        *masking_summary(rows, sample=run.sample),
        on_parts(run),
        *_figure(run, figures),
        " ".join(_explained(rows)),
        masking_rows(rows, sample=run.sample),
        what_pairs_show(max(row.pairs for row in rows)),
        yardstick_words(published_effect()),
        *folded("Trial ids", _ids(run)),
    ]


def _explained(rows: Sequence[MaskingDifference]) -> list[str]:
    """What the table's columns hold, as far as it has rows of which that is true."""
    seeds = [row.seeds for row in rows if row.pairs == 1]
    said = {
        _EXPLANATION: True,
        _FIXED: any(row.fixed for row in rows),
        _OF_SEVERAL: any(row.pairs > 1 for row in rows),
        _OF_ONE: bool(seeds),
        _OF_SEEDS: any(number > 1 for number in seeds),
        _OF_ONE_SEED: 1 in seeds,
        _NOT_KNOWN: not all(row.known for row in rows),
        _DEGENERATE: any(row.degenerate for row in rows),
    }
    return [words for words, is_so in said.items() if is_so]


def _figure(run: MaskingRun, figures: Figures) -> list[str]:
    if run.sample:  # the band is a published number
        return []
    alt = "Whole word − WordPiece with intervals; the table has the same numbers"
    what = (run.masking, published_effect().uncased)
    return [figures.image(alt, "masking", masking_figure, *what)]


def _ids(run: MaskingRun) -> str:
    behind = {(row.model, row.task): row.trial_ids for row in run.masking}
    ids = [[model, task, trials(own)] for (model, task), own in behind.items()]
    return table(("Model", "Task", "Trials"), ids, sample=run.sample)
