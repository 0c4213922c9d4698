"""What the best of n tried configurations can be expected to score, for every n.

The curve of Dodge et al. 2019 ("Show Your Work", section 3.2), in the unbiased form of
Tang et al. 2020 ("Showing Your Work Doesn't Always Work", section 3): n of the C
configurations are drawn without replacement. The plug-in form of the former draws them
with replacement, so that n of them hold fewer than n different ones and it is too low,
for larger n ever more. That the best was chosen by the score it is given is another
matter (suite/selection.py).
"""

import math

import numpy as np


def expected_best(scores: np.ndarray) -> np.ndarray:
    """Expected best of n = 1 … C of scores [C], float64 [C].

    The k-th smallest is the best of n where n - 1 others are among the k - 1 below it:
    in comb(k - 1, n - 1) of comb(C, n) cases. The first entry is the mean, the last the
    best. ValueError without scores, or where one is not finite.
    """
    ordered = np.sort(np.asarray(scores, np.float64))
    count = ordered.size
    if ordered.ndim != 1 or not count or not np.all(np.isfinite(ordered)):
        raise ValueError(f"expected finite scores [C], found {scores!r}")
    shares = [
        [math.comb(k, n - 1) / math.comb(count, n) for k in range(count)]
        for n in range(1, count + 1)
    ]  # [n, k - 1], by whole numbers
    return np.array(shares) @ ordered
