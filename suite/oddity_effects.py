"""What each oddity of the original does to pre-training data, measured on a text.

The same text with the same seed, as the original makes it and without each of its
oddities (reference/oddities.py), under both maskings; what is counted is that of
suite/record_statistics.py. Not here: how it is printed (suite/data_report.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reference.fast_instances import create_instance_table, feature_blocks
from reference.files import file_sha256
from reference.instances import InstanceSettings
from reference.masking import MaskingScheme
from reference.oddities import Oddity
from reference.tokenization import Tokenizer
from suite import environment
from suite.record_statistics import Block, budget, counts

# What is left out: nothing, each by itself, all.
VARIANTS = ((), *((oddity,) for oddity in Oddity), tuple(Oddity))


@dataclass(frozen=True)
class OddityEffect:
    """Counts of the instances of one masking without some oddities."""

    masking: str
    without: tuple[str, ...]
    instances: int
    budget: int  # tokens that were to be hidden
    hidden: int
    hidden_continuations: int  # of these, ## pieces
    masked: int
    kept: int
    random: int
    random_special: int  # of the random ones, special tokens and unused entries
    touched_words: int  # words of several pieces with a piece hidden
    whole_words: int  # of these, those hidden whole
    hidden_neighbours: int  # pairs of pieces of one word that are both hidden
    like_neighbours: int  # of these, those with the same fate
    glued_touched: int  # second segments that begin in a word, and one side hidden
    glued_together: int  # of these, both sides
    random_next: int  # next sentences labelled random


def oddity_effects(
    inputs: Sequence[Path],
    tokenizer: Tokenizer,
    dupe_factor: int,
    progress: Callable[[int, int], None],
) -> list[OddityEffect]:
    """Every variant under both maskings; `progress` is called with (done, total)."""
    cases = [(masking, without) for masking in MaskingScheme for without in VARIANTS]
    effects = []
    for done, (masking, without) in enumerate(cases):
        progress(done, len(cases))
        settings = InstanceSettings(
            dupe_factor=dupe_factor, masking=masking, without=without
        )
        effects.append(_effect(inputs, tokenizer, settings))
    progress(len(cases), len(cases))
    return effects


def record(
    inputs: Sequence[Path], tokenizer: Tokenizer, effects: Sequence[OddityEffect]
) -> dict:
    """What was measured, on what and with what; for JSON."""
    return {
        "command": environment.command(),
        "commit": environment.commit(),
        "versions": environment.versions(),
        "input": [[path.name, file_sha256(path)] for path in inputs],
        "vocabulary": tokenizer.sha256,
        "effects": [asdict(effect) for effect in effects],
    }


def _effect(inputs, tokenizer, settings: InstanceSettings) -> OddityEffect:
    table = create_instance_table(inputs, tokenizer, settings)
    total: Counter = Counter()
    for arrays in feature_blocks(table):
        block = Block(**arrays, tokenizer=tokenizer)
        total.update(counts(block), budget=budget(block, settings.masked_lm_prob))
    counted = set(OddityEffect.__annotations__) - {"masking", "without", "instances"}
    return OddityEffect(
        masking=str(settings.masking),
        without=tuple(map(str, settings.without)),
        instances=total["records"],
        **{name: total[name] for name in counted},
    )
