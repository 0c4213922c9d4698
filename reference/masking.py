"""Masked language modelling: which tokens to hide, under both masking schemes.

Source: create_masked_lm_predictions in create_pretraining_data.py of
google-research/bert (whole-word masking since May 31st, 2019), draw for draw: for one
state of the random generator the result is the original's. Not here: where sequences
come from (reference/instances.py).
"""

import enum
import random
from collections.abc import Sequence
from dataclasses import dataclass

from reference.errors import InputError
from reference.tokenization import Tokenizer


class MaskingScheme(enum.StrEnum):
    """What is hidden together."""

    WORDPIECE = "wordpiece"
    WHOLE_WORD = "whole-word"


@dataclass(frozen=True)
class MaskingSettings:
    """How much is hidden of a sequence, and in what units."""

    scheme: MaskingScheme = MaskingScheme.WORDPIECE
    masked_lm_prob: float = 0.15
    max_predictions_per_seq: int = 20

    def __post_init__(self):
        schemes = [str(scheme) for scheme in MaskingScheme]
        if self.scheme not in schemes:
            raise InputError(
                f"masking: expected one of {', '.join(schemes)}; found {self.scheme!r}"
            )
        if not 0 < self.masked_lm_prob <= 1:
            raise InputError(
                "masked_lm_prob: expected a number above 0 and at most 1, found "
                f"{self.masked_lm_prob!r}"
            )
        if self.max_predictions_per_seq < 1:
            raise InputError(
                "max_predictions_per_seq: expected at least 1, found "
                f"{self.max_predictions_per_seq!r}"
            )

    def num_to_predict(self, num_tokens: int) -> int:
        """The budget of a sequence of `num_tokens`, [CLS] and both [SEP] counted."""
        share = round(num_tokens * self.masked_lm_prob)  # half to even
        return min(self.max_predictions_per_seq, max(1, share))


def masking_candidates(
    token_ids: Sequence[int], tokenizer: Tokenizer, scheme: MaskingScheme
) -> list[list[int]]:
    """Positions that are hidden together: one list per piece, or per whole word."""
    specials = (tokenizer.cls_id, tokenizer.sep_id)
    positions = [p for p, token in enumerate(token_ids) if token not in specials]
    if scheme == MaskingScheme.WORDPIECE:
        return [[position] for position in positions]
    continues = tokenizer.is_continuation[token_ids].tolist()
    candidates: list[list[int]] = []
    for position in positions:
        # Upstream: a piece joins whatever candidate came before it. A second segment
        # that lost its front and begins with a ## piece so joins the last word of the
        # first segment, across the [SEP].
        if continues[position] and candidates:
            candidates[-1].append(position)
        else:
            candidates.append([position])
    return candidates


def mask_tokens(
    token_ids: Sequence[int],
    tokenizer: Tokenizer,
    settings: MaskingSettings,
    rng: random.Random,
) -> tuple[list[int], list[int], list[int]]:
    """Hide tokens of one sequence [CLS] A [SEP] B [SEP].

    Returns the sequence with tokens hidden, the hidden positions in ascending order,
    and the ids that stood there (labels, one per position).
    """
    masked_ids = list(token_ids)
    candidates = masking_candidates(token_ids, tokenizer, settings.scheme)
    rng.shuffle(candidates)
    num_to_predict = settings.num_to_predict(len(masked_ids))
    positions: list[int] = []
    for candidate in candidates:
        if len(positions) >= num_to_predict:
            break
        # Upstream: a word that does not fit any more is passed over, and shorter ones
        # after it are still tried, so a tight budget prefers short words.
        if len(positions) + len(candidate) > num_to_predict:
            continue
        for position in candidate:
            masked_ids[position] = _replacement(masked_ids[position], tokenizer, rng)
        positions.extend(candidate)
    positions.sort()
    return masked_ids, positions, [token_ids[position] for position in positions]


def _replacement(token_id: int, tokenizer: Tokenizer, rng: random.Random) -> int:
    """[MASK] for 80 %, the token itself for 10 %, any piece of the vocabulary for 10 %.

    Upstream: drawn anew for each piece, under whole-word masking too; and any piece
    means any, so [PAD] and unused ones as well.
    """
    if rng.random() < 0.8:
        return tokenizer.mask_id
    if rng.random() < 0.5:
        return token_id
    return rng.randrange(len(tokenizer.vocab))
