"""What a student gains by a teacher: fine-tuned and distilled over one grid, compared.

Each side selects its own configuration on dev, as a sweep does, and has the same
numbers: cross-fitted score, best of the grid, spread. Their difference is taken

- of the two selected configurations, on the seeds that had no part in selecting them,
  where both have FEW_SEEDS of these or more: what the best of a grid owes to its seed
  is gone then; or else
- of the cross-fitted predictions, both sides halved alike: there no example is scored
  by a configuration that it helped to choose.

Either way both sides choose from equally many configurations, on the same examples, and
are scored on the same seeds and examples, so neither is favoured. Scores are main
scores on dev in points. Not here: the page (suite/distillation_report.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from suite.constant_answers import constant_scores
from suite.estimates import HALVINGS, Choice, choose, generator_for
from suite.grids import Grid, grid_of
from suite.paired_effects import (
    difference_draws,
    example_draws,
    main_margin,
    scores_by_seed,
    verdict,
)
from suite.published import load_margins
from suite.records import RunDirectory, TrialRecord
from suite.seed_error import SeedError, in_points
from suite.selection import cross_fit
from suite.statistics import (
    PermutationTest,
    difference_p,
    holm,
    interval,
    sign_flip_test,
    smallest_p,
)

RESAMPLES = 4000
# Fresh seeds from which on their spread says enough by itself.
FEW_SEEDS = 3

ON_FRESH_SEEDS = "selected configurations, seeds that did not select"
CROSS_FITTED = "cross-fitted"


@dataclass(frozen=True, eq=False)
class Side:
    """One column: a student's grid, and what is chosen from it."""

    grid: Grid
    choice: Choice


@dataclass(frozen=True, eq=False)
class Pairing:
    """Predictions `[D, S, n]` of both sides, in D ways that are averaged.

    `how` says which they are.
    """

    fine_tuned: np.ndarray
    distilled: np.ndarray
    how: str

    @property
    def changed(self) -> bool:
        return bool(np.any(self.fine_tuned != self.distilled))

    @property
    def seeds(self) -> int:
        return self.fine_tuned.shape[1]


@dataclass(frozen=True)
class Difference:
    """Distilled − fine-tuned in points; `p` is corrected after Holm over a run.

    `at_floor` where it is the least that so many draws can show, and may be less.
    `sign_flip` is None of a single seed. The verdicts are those of knobs: "no effect",
    "differs", "inconclusive", "unchanged".
    """

    mean: float
    low: float
    high: float
    p: float
    at_floor: bool
    sign_flip: PermutationTest | None
    margin: float | None
    verdict: str


@dataclass(frozen=True, eq=False)
class Distillation:
    """One teacher and its texts: both columns, and their difference.

    `about` is what run.json says of it. A side of which nothing could be chosen is
    None, and so is the difference then.
    """

    about: Mapping
    fine_tuned: Side | None
    distilled: Side | None
    pairing: Pairing | None
    difference: Difference | None = None


def distillations(run: RunDirectory) -> list[Distillation]:
    """All distillations of a run, in the order they were begun."""
    records, labels = run.records(), run.labels()
    found = []
    for about in run.run().get("distillations", []):
        names = "", about["variation"]
        sides = [_side(run, records, labels, name) for name in names]
        pairing = _pairing(*sides) if all(sides) else None
        found.append(Distillation(about, *sides, pairing))
    return _compared(found)


def _side(
    run: RunDirectory,
    records: Sequence[TrialRecord],
    labels: Mapping[str, np.ndarray],
    name: str,
) -> Side | None:
    own = tuple(record for record in records if record.trial.variation == name)
    if not own:
        return None
    grid = grid_of(run, own, labels)
    choice = choose(grid, generator_for("distillation", grid.task.name, name))
    return Side(grid, choice) if choice else None


def _pairing(fine_tuned: Side, distilled: Side) -> Pairing | None:
    """None where the two share no seed."""
    sides = fine_tuned, distilled
    fresh = [_repeated(side) for side in sides]
    shared = sorted(fresh[0].keys() & fresh[1].keys())
    if len(shared) >= FEW_SEEDS:
        own = [np.stack([side[seed] for seed in shared])[None] for side in fresh]
        return Pairing(*own, ON_FRESH_SEEDS)
    shared = sorted(set(fine_tuned.grid.seeds) & set(distilled.grid.seeds))
    if not shared:
        return None
    return Pairing(*(_cross_fitted(side.grid, shared) for side in sides), CROSS_FITTED)


def _repeated(side: Side) -> dict[int, np.ndarray]:
    """Of the selected configuration the predictions on each fresh seed."""
    repeats = side.grid.repeats
    if repeats is None:
        return {}
    seeds = {record.trial.id: record.trial.seed for record in side.grid.records}
    own = zip(repeats.trial_ids, repeats.predictions["dev"], strict=True)
    return {seeds[trial_id]: predictions for trial_id, predictions in own}


def _cross_fitted(grid: Grid, seeds: Sequence[int]) -> np.ndarray:
    """Pooled predictions `[D, S, n]`; the halves are the same on both sides."""
    places = [grid.seeds.index(seed) for seed in seeds]
    predictions, labels = grid.predictions["dev"][:, places], grid.labels["dev"]
    rng = generator_for("halves", grid.task.name)
    return cross_fit(grid.task, predictions, labels, rng, HALVINGS).predictions


def _compared(found: Sequence[Distillation]) -> list[Distillation]:
    """Each with its difference, corrected for all of them."""
    drawn = [(one, _draws(one)) for one in found if one.pairing]
    p_values = [
        difference_p(draws) if one.pairing.changed else 1.0 for one, draws in drawn
    ]
    corrected = {
        id(one): _difference(one, draws, float(p))
        for (one, draws), p in zip(drawn, holm(np.array(p_values)), strict=True)
    }
    return [replace(one, difference=corrected.get(id(one))) for one in found]


def _difference(one: Distillation, draws: np.ndarray, p: float) -> Difference:
    pairing, by_seed = one.pairing, _by_seed(one)
    low, high = interval(draws)
    margin = main_margin(one.fine_tuned.grid.task, load_margins())
    said = verdict(draws, p, margin, _learnt(one)) if pairing.changed else "unchanged"
    is_few = pairing.seeds == 1 and _seed_error(one) is None
    return Difference(
        mean=float(by_seed.mean()),
        low=low,
        high=high,
        p=p,
        at_floor=pairing.changed and difference_p(draws) <= smallest_p(draws.size),
        sign_flip=_sign_flip(one, by_seed),
        margin=margin,
        # What nothing is known of may be anything.
        verdict="inconclusive" if is_few and pairing.changed else said,
    )


def _sign_flip(one: Distillation, by_seed: np.ndarray) -> PermutationTest | None:
    return sign_flip_test(by_seed, _generator(one)) if by_seed.size > 1 else None


def _by_seed(one: Distillation) -> np.ndarray:
    """Distilled − fine-tuned of each seed, `[S]`."""
    return _scores(one, one.pairing.distilled) - _scores(one, one.pairing.fine_tuned)


def _learnt(one: Distillation) -> float:
    """How far what is fine-tuned scores above a constant answer."""
    grid = one.fine_tuned.grid
    constant = 100 * constant_scores(grid.task, grid.labels["dev"])["main"]
    return float(_scores(one, one.pairing.fine_tuned).mean()) - constant


def _scores(one: Distillation, ways: np.ndarray) -> np.ndarray:
    """Of one side, `[D, S, n]`, the scores of each seed, `[S]`: the mean over D."""
    grid = one.fine_tuned.grid
    return np.mean(
        [scores_by_seed(grid.task, way, grid.labels["dev"]) for way in ways], axis=0
    )


def _draws(one: Distillation) -> np.ndarray:
    """Draws `[R]` of the mean difference, with the examples' and the seeds' error."""
    grid, pairing = one.fine_tuned.grid, one.pairing
    labels, rng = grid.labels["dev"], _generator(one)
    ways = list(zip(pairing.fine_tuned, pairing.distilled, strict=True))
    share = RESAMPLES // len(ways)
    if pairing.how == ON_FRESH_SEEDS:
        (sides,) = ways
        return difference_draws(grid.task, sides, labels, rng, share)
    drawn = np.concatenate(
        [example_draws(grid.task, sides, labels, rng, share) for sides in ways]
    )
    error = _seed_error(one) if pairing.changed else None
    if error is None:
        return drawn
    return drawn + error.sd * rng.standard_t(error.freedom, drawn.size)


def _seed_error(one: Distillation) -> SeedError | None:
    """What the grid's seeds do to the difference, in points.

    From that of either side by itself, with the fewer degrees of freedom; None where it
    is not known.
    """
    own = [
        side.choice.cross_fitted.seed_error["main"]
        for side in (one.fine_tuned, one.distilled)
    ]
    if any(error.sd is None for error in own):
        return None
    least = min(own, key=lambda error: error.freedom)
    both = float(np.hypot(*(error.sd for error in own)))
    return in_points(replace(least, sd=both / np.sqrt(one.pairing.seeds)))


def _generator(one: Distillation) -> np.random.Generator:
    return generator_for("distillation", one.about["task"], one.about["variation"])
