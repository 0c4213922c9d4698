"""Where simulated predictions come from, and what their scores truly are.

Each has a true score: that of infinitely many examples and seeds.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from suite.tasks import TASKS, Task


@dataclass(frozen=True)
class Answers:
    """A classifier that is right with probability `skill`; `share` are positive."""

    task: Task
    skill: float
    share: float = 0.5

    def draw(self, rng: np.random.Generator, examples: int):
        """Predictions [1, n] and labels [n]."""
        labels = (rng.random(examples) < self.share).astype(int)
        right = rng.random((1, examples)) < self.skill
        return np.where(right, labels, 1 - labels), labels

    @property
    def truth(self) -> dict[str, float]:
        """From the shares of true and false positives and negatives."""
        q, s = self.skill, self.share
        tp, fn, tn, fp = q * s, (1 - q) * s, q * (1 - s), (1 - q) * (1 - s)
        scale = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return {
            "accuracy": q,
            "f1": 2 * tp / (2 * tp + fp + fn),
            "matthews": (tp * tn - fp * fn) / scale,
        }


@dataclass(frozen=True)
class Similarities:
    """Predictions and scores of two normal variables of this correlation."""

    correlation: float
    task: Task = TASKS["STS-B"]

    def draw(self, rng: np.random.Generator, examples: int):
        """Predictions [1, n] and labels [n]."""
        labels = rng.normal(size=examples)
        noise = rng.normal(size=(1, examples)) * np.sqrt(1 - self.correlation**2)
        return self.correlation * labels + noise, labels

    @property
    def truth(self) -> dict[str, float]:
        """Spearman's by Pearson (1907): 6 / pi × arcsin of half of it."""
        ranks = 6 / np.pi * np.arcsin(self.correlation / 2)
        return {"pearson": self.correlation, "spearman": float(ranks)}


@dataclass(frozen=True)
class Trainings:
    """Seeds × examples: right where level + example + seed + chance is above 0.

    Example and chance are standard normal, the seed is `seed_effect` times it; all
    labels are 0. With `shared` the two sides of a comparison have that share of their
    seeds' variance in common, as pairs do.
    """

    seed_effect: float
    levels: tuple[float, float] = (1.0, 1.0)
    shared: float = 0.5

    def draw(self, rng: np.random.Generator, seeds: int, examples: int):
        """Predictions [S, n] of both sides."""
        difficulty = rng.normal(size=examples)
        common = rng.normal(size=(seeds, 1)) * np.sqrt(self.shared)
        sides = []
        for level in self.levels:
            own = rng.normal(size=(seeds, 1)) * np.sqrt(1 - self.shared)
            chance = rng.normal(size=(seeds, examples))
            sum_ = level + difficulty + self.seed_effect * (common + own) + chance
            sides.append((sum_ <= 0).astype(int))
        return sides[0], sides[1]

    @property
    def truth(self) -> tuple[float, float]:
        """The accuracy of each side."""
        sd = np.sqrt(2 + self.seed_effect**2)
        first, second = stats.norm.cdf(np.array(self.levels) / sd)
        return float(first), float(second)
