"""WordPiece against whole-word masking by held-out masked-LM metrics, paired by seed.

Two pre-trainings make a pair when they share model, text, settings and seed and differ
in masking (suite/pretraining_kinds.py): of the records of results/pretraining/, and of
the checkpoints of a run. Each is measured on what its own masking hid, and whole words
are not as hard to guess as pieces: that difference is of the two tasks as well as of
the two models. Those that trained side by side are also measured on the very same
hidden tokens, under either masking (reference/held_out.py). What a model is good for is
told by fine-tuning (suite/masking_effect.py).
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.held_out_metrics import MASKED_LM, under
from reference.json_files import read_json_object
from suite.estimates import generator_for
from suite.pretraining_kinds import alike, alike_of
from suite.pretraining_pairs import OverPairs, over_pairs

_MASKINGS = ("wordpiece", "whole-word")


@dataclass(frozen=True)
class MaskedLmDifference:
    """Whole word minus WordPiece in one metric; accuracy in fractions of 1.

    `wordpiece` and `whole_word` are means over the pairs; `records` say where from.
    `hidden_by` is the masking that hid what both guess; None: each its own.
    """

    model: str
    records: tuple[str, ...]
    metric: str
    seeds: tuple[int, ...]
    wordpiece: float
    whole_word: float
    over: OverPairs
    hidden_by: str | None = None


@dataclass(frozen=True)
class _Measured:
    """The held-out metrics of one pre-training; `alike` is what a pair must share."""

    record: str
    model: str
    masking: str
    seed: int
    alike: str
    metrics: Mapping[str, float]


def recorded_differences(records: Path) -> list[MaskedLmDifference]:
    """Of all finished pre-trainings that are recorded below a directory."""
    paths = sorted(records.glob("*/run.json"))
    measured = [one for path in paths for one in _of_record(path)]
    return _differences(measured)


def checkpoint_differences(
    checkpoints: Sequence[Mapping],
) -> list[MaskedLmDifference]:
    """Of the checkpoints of a run that were pre-trained here."""
    return _differences(filter(None, map(_of_checkpoint, checkpoints)))


def _of_record(path: Path) -> Iterator[_Measured]:
    run = read_json_object(path)
    if run["instances"] is None:
        return  # stopped early, to be laid beside another
    shared = alike(run["model"], run["text"], run["settings"])
    for name, metrics in zip(run["trials"], run["held_out"], strict=True):
        masking, _, seed = name.partition("_seed")
        if masking in _MASKINGS and seed.isdecimal():
            yield _Measured(
                path.parent.name, run["model"], masking, int(seed), shared, metrics
            )


def _of_checkpoint(checkpoint: Mapping) -> _Measured | None:
    made, shared = checkpoint.get("pretraining") or {}, alike_of(checkpoint)
    if checkpoint["masking"] not in _MASKINGS or not (shared and made.get("held_out")):
        return None
    return _Measured(
        checkpoint["sha256"][:12],
        checkpoint["name"],
        checkpoint["masking"],
        made["settings"].get("seed", 0),
        shared,
        made["held_out"],
    )


def _differences(measured: Iterable[_Measured]) -> list[MaskedLmDifference]:
    groups: dict[str, dict[int, dict[str, _Measured]]] = {}
    for one in measured:
        # The first of equals: a pre-training made again gives the same.
        by_seed = groups.setdefault(one.alike, {}).setdefault(one.seed, {})
        by_seed.setdefault(one.masking, one)
    found = []
    for by_seed in groups.values():
        pairs = {
            seed: tuple(sides[masking] for masking in _MASKINGS)
            for seed, sides in sorted(by_seed.items())
            if len(sides) == len(_MASKINGS)
        }
        if pairs:
            found += _of_pairs(pairs)
    return found


def _of_pairs(
    pairs: Mapping[int, tuple[_Measured, _Measured]],
) -> Iterator[MaskedLmDifference]:
    """A row for each metric, of the pairs that were measured in it."""
    for hidden_by, metric in itertools.product((None, *_MASKINGS), MASKED_LM):
        name = under(metric, hidden_by)
        own = {
            seed: pair
            for seed, pair in pairs.items()
            if all(name in one.metrics for one in pair)
        }
        if own:
            yield _difference(own, metric, hidden_by)


def _difference(
    pairs: Mapping[int, tuple[_Measured, _Measured]], metric: str, hidden_by: str | None
) -> MaskedLmDifference:
    name = under(metric, hidden_by)
    everything = [one for pair in pairs.values() for one in pair]
    values = [[one.metrics[name] for one in pair] for pair in pairs.values()]
    one, other = zip(*values, strict=True)
    model = everything[0].model
    return MaskedLmDifference(
        model=model,
        records=tuple(dict.fromkeys(one.record for one in everything)),
        metric=metric,
        seeds=tuple(pairs),
        wordpiece=sum(one) / len(one),
        whole_word=sum(other) / len(other),
        over=over_pairs(
            [b - a for a, b in values], generator_for("sign flip", model, name)
        ),
        hidden_by=hidden_by,
    )
