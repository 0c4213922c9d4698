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
from reference.oddities import Oddity, checked
from reference.tokenization import Tokenizer


class MaskingScheme(enum.StrEnum):
    """What is hidden together."""

    WORDPIECE = "wordpiece"
    WHOLE_WORD = "whole-word"


@dataclass(frozen=True)
class MaskingSettings:
    """How much is hidden of a sequence, in what units, and `without` which oddities."""

    scheme: MaskingScheme = MaskingScheme.WORDPIECE
    masked_lm_prob: float = 0.15
    max_predictions_per_seq: int = 20
    without: tuple[Oddity, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "without", checked(self.without))
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
    token_ids: Sequence[int], tokenizer: Tokenizer, settings: MaskingSettings
) -> list[list[int]]:
    """Positions that are hidden together: one list per piece, or per whole word."""
    specials = (tokenizer.cls_id, tokenizer.sep_id)
    positions = [p for p, token in enumerate(token_ids) if token not in specials]
    if settings.scheme == MaskingScheme.WORDPIECE:
        return [[position] for position in positions]
    continues = tokenizer.is_continuation[token_ids].tolist()
    glues = Oddity.GLUE_ACROSS_SEP not in settings.without
    candidates: list[list[int]] = []
    for position in positions:
        # Upstream: a piece joins whatever candidate came before it. A second segment
        # that lost its front and begins with a ## piece so joins the last word of the
        # first segment, across the [SEP].
        joins = continues[position] and candidates
        if joins and (glues or candidates[-1][-1] == position - 1):
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
    candidates = masking_candidates(token_ids, tokenizer, settings)
    rng.shuffle(candidates)
    budget = settings.num_to_predict(len(masked_ids))
    positions: list[int] = []
    for candidate in candidates:
        room = budget - len(positions)
        if room <= 0:
            break
        if len(candidate) > room:
            # Upstream: a word that does not fit any more is passed over, and shorter
            # ones after it are still tried, so a tight budget prefers short words.
            if Oddity.SKIP_OVER_BUDGET not in settings.without:
                continue
            candidate = candidate[:room]
        _hide(candidate, masked_ids, tokenizer, settings, rng)
        positions.extend(candidate)
    positions.sort()
    return masked_ids, positions, [token_ids[position] for position in positions]


def replacement_ids(tokenizer: Tokenizer, settings: MaskingSettings) -> Sequence[int]:
    """The pieces of which a random replacement is one."""
    # Upstream: the whole vocabulary, so [PAD], [CLS] and unused entries as well.
    if Oddity.SPECIAL_REPLACEMENTS not in settings.without:
        return range(len(tokenizer.vocab))
    if not tokenizer.ordinary_ids:
        raise InputError(
            "vocabulary: expected pieces other than special tokens and unused entries, "
            "found none; take another vocabulary"
        )
    return tokenizer.ordinary_ids


class _Replacement(enum.Enum):
    MASK = enum.auto()
    KEEP = enum.auto()
    RANDOM = enum.auto()

    @classmethod
    def drawn(cls, rng: random.Random) -> "_Replacement":
        """80 % [MASK], 10 % the token itself, 10 % any other."""
        if rng.random() < 0.8:
            return cls.MASK
        return cls.KEEP if rng.random() < 0.5 else cls.RANDOM


def _hide(
    candidate: Sequence[int],
    masked_ids: list[int],
    tokenizer: Tokenizer,
    settings: MaskingSettings,
    rng: random.Random,
) -> None:
    """Replace the pieces at the candidate's positions."""
    # Upstream: drawn anew for each piece, under whole-word masking too.
    once_a_word = Oddity.PER_TOKEN_REPLACEMENT in settings.without
    replacement = None
    for position in candidate:
        if replacement is None or not once_a_word:
            replacement = _Replacement.drawn(rng)
        if replacement is _Replacement.MASK:
            masked_ids[position] = tokenizer.mask_id
        elif replacement is _Replacement.RANDOM:
            choices = replacement_ids(tokenizer, settings)
            masked_ids[position] = choices[rng.randrange(len(choices))]
