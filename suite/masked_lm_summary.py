"""What pre-trainings of both maskings show on held-out text, in a sentence or two.

Of the loss alone, and of several pairs: one pair says nothing about masking.
"""

from collections.abc import Sequence

from suite.markdown import counted, signed
from suite.masked_lm_effect import MaskedLmDifference

_WHERE = {
    "wordpiece": "where WordPiece masking hid them",
    "whole-word": "where whole-word masking did",
}


def masked_lm_summary(rows: Sequence[MaskedLmDifference]) -> list[str]:
    """A paragraph for each set of pairs that was measured on the same hidden tokens."""
    losses = [r for r in rows if r.metric == "masked_lm_loss" and r.over.pairs > 1]
    found = []
    for own in losses:
        same = [r for r in losses if r.hidden_by and set(r.records) <= set(own.records)]
        if own.hidden_by is None and same:
            found.append(_paragraph(own, same))
    return found


def _paragraph(own: MaskedLmDifference, same: Sequence[MaskedLmDifference]) -> str:
    on_the_same = ", and ".join(f"{_said(r)} {_WHERE[r.hidden_by]}" for r in same)
    return (
        f"**Masked words guessed on held-out text**, {own.model}, whole word − "
        f"WordPiece, loss in nats. Each on what its own masking hid, over "
        f"{counted(own.over.pairs, 'pair')} of pre-trainings: {_said(own)}. That is of "
        "two tasks as well as of two models, since whole words are not as hard to "
        f"guess as pieces. Both on the same hidden tokens, over "
        f"{counted(same[0].over.pairs, 'pair')}: {on_the_same}."
    )


def _said(row: MaskedLmDifference) -> str:
    low, high = (signed(end, 3) for end in (row.over.low, row.over.high))
    return f"{signed(row.over.mean, 3)} [{low}, {high}]"
