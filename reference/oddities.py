"""What the original does to pre-training data that a user may not want.

Each behaviour is on by default, because the published checkpoints were made with it,
and is turned off by name. Source: create_pretraining_data.py of google-research/bert;
the place of each is marked `Upstream:` in reference/masking.py or
reference/instances.py.
"""

import enum
from collections.abc import Iterable

from reference.errors import InputError


class Oddity(enum.StrEnum):
    """One behaviour of the original, and what happens without it."""

    # A second segment that begins with a ## piece belongs to the first one's last word.
    # Without: a word ends at [SEP].
    GLUE_ACROSS_SEP = "glue-across-sep"
    # [MASK], the token itself or a random piece is drawn for each piece of a word.
    # Without: once for the word.
    PER_TOKEN_REPLACEMENT = "per-token-replacement"
    # Random replacements may be [PAD], [CLS] or an unused entry of the vocabulary.
    # Without: only pieces that text can hold.
    SPECIAL_REPLACEMENTS = "special-replacements"
    # A word that no longer fits the budget is passed over in favour of shorter ones.
    # Without: its first pieces are hidden, and the budget is always used up.
    SKIP_OVER_BUDGET = "skip-over-budget"
    # Text drawn from the same document after all is labelled random nevertheless.
    # Without: it is labelled 0, as from the same document, though it follows neither.
    SAME_DOCUMENT_RANDOM = "same-document-random"


def checked(without: Iterable[str]) -> tuple[Oddity, ...]:
    """The oddities of these names, each once and in order; InputError for another."""
    known = [str(oddity) for oddity in Oddity]
    unknown = sorted(set(without) - set(known))
    if unknown:
        raise InputError(
            f"without: expected some of {', '.join(known)}; found {', '.join(unknown)}"
        )
    return tuple(oddity for oddity in Oddity if oddity in set(without))
