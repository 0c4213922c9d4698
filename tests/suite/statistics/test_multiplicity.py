"""Holm's correction by hand."""

import numpy as np

from suite.statistics import holm


def test_holm_worked_by_hand():
    """Ordered 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06 and 0.04,

    which must not fall below the one before and becomes 0.06.
    """
    adjusted = holm(np.array([0.01, 0.03, 0.04, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([])).size == 0
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
