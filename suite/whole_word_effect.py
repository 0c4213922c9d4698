"""What whole-word masking was published to add: the yardstick of masking comparisons.

BERT-Large was released in both maskings, cased and uncased, with its scores on MNLI and
SQuAD (results/published/whole_word.csv). Nothing of it is a claim about other models.
"""

from dataclasses import dataclass

from suite.published import Registry, TableColumn, load_published

_MNLI = TableColumn("MNLI", "accuracy", "not stated")
_SQUAD = TableColumn("SQuAD 1.1", "f1", "not stated")


@dataclass(frozen=True)
class PublishedEffect:
    """Whole word − WordPiece of BERT-Large in points, as its scores were printed."""

    uncased: float
    cased: float
    squad_f1: float  # uncased
    source: str


def published_effect(registry: Registry | None = None) -> PublishedEffect:
    """The differences of the registry's rows; KeyError for a registry without them."""
    registry = registry or load_published()
    return PublishedEffect(
        uncased=_added(registry, "Uncased", _MNLI),
        cased=_added(registry, "Cased", _MNLI),
        squad_f1=_added(registry, "Uncased", _SQUAD),
        source=registry[_named("Uncased", "Whole Word Masking"), _MNLI].source,
    )


def _added(registry: Registry, case: str, column: TableColumn) -> float:
    one, other = (
        registry[_named(case, masking), column]
        for masking in ("Original", "Whole Word Masking")
    )
    return round(other.value - one.value, max(one.decimals, other.decimals))


def _named(case: str, masking: str) -> str:
    return f"BERT-Large, {case} ({masking})"
