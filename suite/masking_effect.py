"""WordPiece against whole-word masking, paired.

All pairs of a task are fine-tuned with the same configurations and seeds and predict
the same dev examples, so examples are resampled jointly: one set of weights for all
pairs and both sides. From two pairs on the interval also holds the error of the
pre-training seeds, as Student's t of the pairs' differences
(suite/statistics/multi_bootstrap.py). With one pair it is about these two checkpoints,
not about masking, and holds the error of the fine-tuning seeds likewise, as Student's t
of the differences by seed. With one of these, too, it holds examples alone, and is
about these very trials: another fine-tuning seed may turn them around.

Which trials of which pairs are compared is in suite/masking_pairs.py, masked-LM metrics
are in suite/masked_lm_effect.py, the words in suite/masking_summary.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from suite.constant_answers import constant_scores
from suite.estimates import generator_for
from suite.grids import Grid
from suite.masking_pairs import (
    Compared,
    Pretrained,
    checkpoint_pairs,
    compared_trials,
)
from suite.metrics import METRICS
from suite.power import LEVEL, chance_to_see, smallest_effect
from suite.statistics import (
    PermutationTest,
    difference_p,
    few_seeds_draws,
    holm,
    interval,
    score_draws,
    sign_flip_test,
    smallest_p,
)

_RESAMPLES = 1000
# Where nothing is added to the examples they are resampled so many times as often: of
# 4,000 draws p can be below 0.05 after Holm's correction over some 100 rows.
_EXAMPLES_ALONE = 4


@dataclass(frozen=True)
class MaskingDifference:
    """Whole word minus WordPiece on one task and metric, in fractions of 1.

    Scores are means over the shared configurations and seeds, and over pre-training
    pairs, each of which has its difference in `differences`; `known` and `fixed` say in
    what the two of each are alike, as `Pretrained` does. `model` says how they were
    pre-trained, too, where the run has several ways. `constant` is what the best answer
    scores that is always the same. `low` and `high` bound the mean difference at 95 %,
    `error` is its standard error, and `p` that of no difference, after Holm's
    correction over all rows; `at_floor` where it is the least that so many draws can
    show, and may be less. `degenerate` of the trials collapsed; `tried` counts the
    pairs, with those that were left out.
    """

    model: str
    task: str
    metric: str
    wordpiece: float
    whole_word: float
    differences: tuple[float, ...]
    known: bool
    fixed: bool
    constant: float
    low: float
    high: float
    error: float
    p: float
    at_floor: bool
    tried: int
    configurations: int
    seeds: int
    examples: int
    degenerate: int
    trial_ids: tuple[str, ...]

    @property
    def difference(self) -> float:
        return self.whole_word - self.wordpiece

    @property
    def pairs(self) -> int:
        return len(self.differences)

    @property
    def height(self) -> float:
        """How far the lower of the two scores is above a constant answer's."""
        return min(self.wordpiece, self.whole_word) - self.constant

    @property
    def sign_flip(self) -> PermutationTest:
        rng = generator_for("sign flip", self.model, self.task, self.metric)
        return sign_flip_test(np.array(self.differences), rng)

    @property
    def apart(self) -> bool:
        """Whether the interval is off zero."""
        return self.low > 0 or self.high < 0

    @property
    def remains(self) -> bool:
        """Whether it is after Holm's correction, too."""
        return self.apart and self.p <= LEVEL

    @property
    def collapsed(self) -> bool:
        """Whether half of the trials or more are degenerate."""
        return 0 < len(self.trial_ids) <= 2 * self.degenerate

    @property
    def smallest(self) -> float | None:
        """The true difference that is found four times in five.

        None where no prediction varies. The errors of pairs and examples are taken
        together as Student's t with the pairs' degrees of freedom, which is rather too
        cautious; of one pair, those of fine-tuning seeds and examples likewise, and it
        is a difference between these two checkpoints.
        """
        return smallest_effect(self.error, self._freedom) if self.error else None

    def chance(self, effect: float) -> float | None:
        """The probability that a true difference of this size is found, likewise."""
        return chance_to_see(effect, self.error, self._freedom) if self.error else None

    @property
    def _freedom(self) -> float:
        few = self.pairs if self.pairs > 1 else self.seeds
        return few - 1 or math.inf


def compare_maskings(
    checkpoints: Sequence[Mapping], grids: Mapping[tuple[str, str], Grid]
) -> list[MaskingDifference]:
    """One row per model, way of pre-training, task and metric that both have on dev."""
    rows = []
    for pretrained in checkpoint_pairs(checkpoints):
        for task in dict.fromkeys(task for _, task in grids):
            compared = compared_trials(
                [
                    (grids[one, task], grids[other, task])
                    for one, other in pretrained.hashes
                    if (one, task) in grids and (other, task) in grids
                ]
            )
            if compared:
                rows += _differences(pretrained, compared)
    corrected = holm(np.array([row.p for row in rows]))
    return [replace(row, p=float(p)) for row, p in zip(rows, corrected, strict=True)]


def _differences(pretrained: Pretrained, compared: Compared) -> list[MaskingDifference]:
    """Of every metric of the task, all pairs and sides on the same resamples."""
    task = compared.task
    rng = generator_for("masking", pretrained.model, task.name)
    sides = compared.predictions, compared.labels
    alone = len(compared.predictions) == compared.seeds == 1
    resamples = _RESAMPLES * (_EXAMPLES_ALONE if alone else 1)
    drawn = score_draws(task, *sides, rng, resamples)  # [P, 2, R] each
    return [
        _difference(pretrained, metric, compared, drawn[metric], rng)
        for metric in task.metrics
    ]


def _difference(
    pretrained: Pretrained,
    metric: str,
    compared: Compared,
    drawn: np.ndarray,
    rng: np.random.Generator,
) -> MaskingDifference:
    """`drawn` are the metric's, [P, 2, R]; p is not yet corrected."""
    scores = METRICS[metric](compared.predictions, compared.labels)  # [P, 2, T]
    by_trial = scores[:, 1] - scores[:, 0]  # [P, T]
    differences = by_trial.mean(axis=-1)  # [P]
    few = differences if len(differences) > 1 else compared.of_seeds(by_trial[0])
    draws = (drawn[:, 1] - drawn[:, 0]).mean(axis=0)  # [R]
    error = float(np.std(draws, ddof=1))
    if few.size > 1:
        error = math.hypot(error, stats.sem(few))
        draws = few_seeds_draws(draws, few, rng)
    low, high = interval(draws)
    p = difference_p(draws)
    wordpiece, whole_word = scores.mean(axis=(0, 2)).tolist()
    return MaskingDifference(
        model=pretrained.name,
        task=compared.task.name,
        metric=metric,
        wordpiece=wordpiece,
        whole_word=whole_word,
        differences=tuple(differences.tolist()),
        known=pretrained.known,
        fixed=pretrained.fixed,
        constant=constant_scores(compared.task, compared.labels)[metric],
        low=low,
        high=high,
        error=error,
        p=p,
        at_floor=p <= smallest_p(draws.size),
        tried=compared.tried,
        configurations=compared.configurations,
        seeds=compared.seeds,
        examples=compared.labels.size,
        degenerate=compared.degenerate,
        trial_ids=compared.trial_ids,
    )
