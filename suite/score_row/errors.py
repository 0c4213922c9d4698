"""The sampling error of a printed score, where its predictions are not at hand.

Approximations, each a standard deviation in points over test sets of the same size:
accuracy is binomial; F1 beside its accuracy follows from both by the delta method,
since it hangs on two shares only (true positives and errors); the correlations' are
those of normal variables (Pearson's: Fisher 1921; Spearman's: Bonett & Wright 2000);
Matthews' is that of a two-by-two table with even margins (Bishop, Fienberg & Holland
1975, section 11.3), which also serves for AX's three classes. With predictions one
would resample them instead (suite/statistics/).
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from suite.published import Rounded, TableColumn


def sampling_sd(
    column: TableColumn, row: Mapping[TableColumn, Rounded], rows: int
) -> float | None:
    """Of a column of a row measured on so many examples; None for F1 without accuracy.

    The whole row is asked for because an F1 alone does not tell its error.
    """
    score = float(row[column].value) / 100
    if column.metric == "f1":
        accuracy = row.get(column._replace(metric="accuracy"))
        if accuracy is None:
            return None
        return 100 * f1_sd(score, float(accuracy.value) / 100, rows)
    return 100 * _SD[column.metric](score, rows)


def printed_draws(
    printed: Rounded, sd: float, rng: np.random.Generator, count: int
) -> np.ndarray:
    """What a printed score may have been on other examples: float64 [count], in points.

    Normal of the sampling error `sd`, and anywhere within its rounding.
    """
    around = rng.normal(0.0, sd, count)
    around += rng.uniform(-1.0, 1.0, count) * float(printed.half_step)
    return float(printed.value) + around


def accuracy_sd(accuracy: float, rows: int) -> float:
    """Of a share of so many independent examples."""
    return math.sqrt(accuracy * (1 - accuracy) / rows)


def f1_sd(f1: float, accuracy: float, rows: int) -> float:
    """Of F1 = 2t / (2t + e), the shares t and e of one multinomial sample.

    F1 does not change when both grow alike, so their covariance drops out.
    """
    errors = 1 - accuracy
    if not errors or f1 >= 1:
        return 0.0
    found = errors * f1 / (2 * (1 - f1))  # true positives, from the definition
    whole = 2 * found + errors
    return 2 * math.sqrt(found * errors * (found + errors) / rows) / whole**2


def pearson_sd(correlation: float, rows: int) -> float:
    """Of Pearson's correlation of normal variables."""
    return (1 - correlation**2) / math.sqrt(rows - 1)


def spearman_sd(correlation: float, rows: int) -> float:
    """Of Spearman's correlation, through Fisher's transformation."""
    return (1 - correlation**2) * math.sqrt((1 + correlation**2 / 2) / (rows - 3))


def matthews_sd(correlation: float, rows: int) -> float:
    """Of Matthews' correlation where both answers are equally common."""
    return math.sqrt((1 - correlation**2) / rows)


_SD: Mapping[str, Callable[[float, int], float]] = {
    "accuracy": accuracy_sd,
    "pearson": pearson_sd,
    "spearman": spearman_sd,
    "matthews": matthews_sd,
}
