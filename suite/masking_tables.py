"""The tables that set whole-word masking beside WordPiece masking, in Markdown."""

from collections.abc import Sequence

from suite.markdown import NOTHING, bounds, percent, signed, table
from suite.masked_lm_effect import MaskedLmDifference
from suite.masking_effect import MaskingDifference
from suite.pretraining_pairs import OverPairs
from suite.whole_word_effect import PublishedEffect, published_effect

_HIDDEN_BY = {
    None: "each its own",
    "wordpiece": "WordPiece, for both",
    "whole-word": "whole word, for both",
}
_OVER_PAIRS = (
    "Pre-training pairs",
    "Over the pairs, 95 %",
    "Could be seen",
    "Sign-flip p (smallest possible)",
)


def masking_rows(rows: Sequence[MaskingDifference], *, sample: bool) -> str:
    """WordPiece beside whole word, per task and metric."""
    effect = published_effect()
    header = (
        "Model",
        "Task",
        "Metric",
        "WordPiece",
        "Whole word",
        "A constant answer",
        "Whole word - WordPiece, 95 %",
        "p after Holm",
        "Pre-training pairs",
        "Sign-flip p (smallest possible)",
        "Could be seen",
        f"Chance to see {signed(effect.uncased)} / {signed(effect.cased)}",
        "Configurations",
        "Seeds",
        "Dev examples",
        "Degenerate trials",
    )
    return table(header, [_masking_row(row, effect) for row in rows], sample=sample)


def _masking_row(row: MaskingDifference, effect: PublishedEffect) -> list[str]:
    flip = row.sign_flip
    return [
        row.model,
        row.task,
        row.metric,
        percent(row.wordpiece),
        percent(row.whole_word),
        percent(row.constant),
        f"{signed(100 * row.difference)} {bounds(100 * row.low, 100 * row.high)}",
        f"{'< ' if row.at_floor else ''}{row.p:.2g}",
        _pairs(row),
        f"{flip.p:.2g} ({flip.smallest:.2g})",
        NOTHING if row.smallest is None else f"±{percent(row.smallest)}",
        " / ".join(_chance(row, points) for points in (effect.uncased, effect.cased)),
        str(row.configurations),
        str(row.seeds),
        f"{row.examples:,}",
        f"{row.degenerate} of {len(row.trial_ids)}",
    ]


def _pairs(row: MaskingDifference) -> str:
    """How many, of how many, and whether they are known to be pairs."""
    of = f" of {row.tried}" if row.pairs < row.tried else ""
    return f"{row.pairs}{of}{'' if row.known else ', not known to be alike'}"


def _chance(row: MaskingDifference, points: float) -> str:
    chance = row.chance(points / 100)
    return NOTHING if chance is None else f"{100 * chance:.0f} %"


def masked_lm_rows(rows: Sequence[MaskedLmDifference], *, sample: bool) -> str:
    """The same for held-out masked-LM metrics: accuracy in points, loss in nats."""
    header = (
        "Model",
        "Metric",
        "Hidden by",
        "WordPiece",
        "Whole word",
        "Whole word - WordPiece",
        "Pre-training seeds",
        *_OVER_PAIRS,
        "Pre-trainings",
    )
    return table(header, map(_masked_lm_row, rows), sample=sample)


def _masked_lm_row(row: MaskedLmDifference) -> list[str]:
    is_accuracy = row.metric.endswith("accuracy")
    scale, decimals = (100.0, 2) if is_accuracy else (1.0, 3)
    return [
        row.model,
        row.metric.replace("_", " ").replace("masked lm", "masked-LM"),
        _HIDDEN_BY[row.hidden_by],
        f"{scale * row.wordpiece:.{decimals}f}",
        f"{scale * row.whole_word:.{decimals}f}",
        signed(scale * row.over.mean, decimals),
        ", ".join(map(str, row.seeds)),
        *_over_pairs(row.over, scale, decimals),
        " ".join(f"`{record}`" for record in row.records),
    ]


def _over_pairs(over: OverPairs, scale: float, decimals: int) -> list[str]:
    """What the pairs say, in the order of `_OVER_PAIRS`; dashes for what one cannot."""
    span = seen = NOTHING
    if over.low is not None:
        low, high = (signed(scale * end, decimals) for end in (over.low, over.high))
        span = f"[{low}, {high}]"
        seen = f"±{scale * over.smallest:.{decimals}f}"
    flip = over.sign_flip
    return [str(over.pairs), span, seen, f"{flip.p:.2g} ({flip.smallest:.2g})"]
