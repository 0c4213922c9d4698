"""The formulas of sampling errors against simulated test sets."""

from types import SimpleNamespace

import numpy as np
import pytest

from suite.metrics import accuracy, f1, matthews, pearson, spearman
from suite.published import TableColumn
from suite.score_row.errors import (
    accuracy_sd,
    f1_sd,
    matthews_sd,
    pearson_sd,
    sampling_sd,
    spearman_sd,
)

SETS, ROWS = 4000, 400
# The standard deviation of SETS draws is itself off by 1 / sqrt(2 SETS), 1.1 %; four of
# that, and the formulas' own error of the order 1 / ROWS.
NEAR = 4 / np.sqrt(2 * SETS) + 3 / ROWS


def classes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which half are 1, and predictions of which three quarters are right."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (SETS, ROWS))
    return np.where(rng.random((SETS, ROWS)) < 0.75, labels, 1 - labels), labels


def correlated(seed: int, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, SETS, ROWS))
    return x, correlation * x + np.sqrt(1 - correlation**2) * noise


def test_accuracy():
    drawn = accuracy(*classes(0))
    assert accuracy_sd(0.75, ROWS) == pytest.approx(drawn.std(), rel=NEAR)


def test_f1():
    predictions, labels = classes(1)
    # F1 of the population: of three quarters right, half are true positives.
    formula = f1_sd(0.75, 0.75, ROWS)
    assert formula == pytest.approx(f1(predictions, labels).std(), rel=NEAR)


def test_matthews():
    drawn = matthews(*classes(2))
    assert matthews_sd(0.5, ROWS) == pytest.approx(drawn.std(), rel=NEAR)


@pytest.mark.parametrize("correlation", [0.0, 0.75])
def test_pearson(correlation):
    drawn = pearson(*correlated(3, correlation))
    assert pearson_sd(correlation, ROWS) == pytest.approx(drawn.std(), rel=NEAR)


def test_spearman():
    """Of normal variables Spearman's is 6 / pi asin(r / 2) of Pearson's; the formula is
    an approximation that its authors found good to some hundredths up to 0.9."""
    drawn = spearman(*correlated(4, 0.75))
    population = 6 / np.pi * np.arcsin(0.75 / 2)
    formula = spearman_sd(population, ROWS)
    assert formula == pytest.approx(drawn.std(), rel=NEAR + 0.05)


def test_the_ends_have_no_error():
    assert accuracy_sd(1.0, 10) == f1_sd(1.0, 1.0, 10) == f1_sd(0.0, 0.5, 10) == 0
    assert pearson_sd(1.0, 10) == matthews_sd(1.0, 10) == 0


def test_the_errors_of_the_published_tiny():
    """Test sets, in points."""
    texts = {("SST-2", "accuracy"): 83.2, ("WNLI", "accuracy"): 62.3}
    texts |= {("MRPC", "accuracy"): 71.1, ("MRPC", "f1"): 81.1, ("QQP", "f1"): 62.2}
    row = {
        TableColumn(*name, "test"): SimpleNamespace(value=value, half_step=0.05)
        for name, value in texts.items()
    }
    sds = {
        name: sampling_sd(TableColumn(*name, "test"), row, rows)
        for name, rows in {
            ("SST-2", "accuracy"): 1821,
            ("WNLI", "accuracy"): 146,
            ("MRPC", "accuracy"): 1725,
            ("MRPC", "f1"): 1725,
            ("QQP", "f1"): 390965,
        }.items()
    }
    assert sds["SST-2", "accuracy"] == pytest.approx(0.88, abs=0.005)
    assert sds["WNLI", "accuracy"] == pytest.approx(4.0, abs=0.05)
    assert sds["MRPC", "accuracy"] == pytest.approx(1.09, abs=0.005)
    assert 0 < sds["MRPC", "f1"] < sds["MRPC", "accuracy"]
    assert sds["QQP", "f1"] is None  # its accuracy is not there
