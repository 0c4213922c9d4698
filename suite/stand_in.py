"""Whether a part of QQP can be a random part of GLUE's own split.

Other releases and splits of Quora's pairs are balanced, GLUE's is not: half of their
rows are duplicates. Of the other tasks no stand-in is known.
"""

import math

# Share of label 0 in QQP's train and dev, rounded to a whole per cent: Wang et al. 2018
# (arXiv:1804.07461), section 3.2. What its test split has is another.
QQP_NEGATIVES = 0.63
_ROUNDING = 0.005  # of a share that is printed as a whole per cent
# A random part of a split misses its share by more about once in two million parts.
_STANDARD_ERRORS = 5


def can_be_qqps(negatives: int, rows: int, share: float = QQP_NEGATIVES) -> bool:
    """Whether `negatives` of `rows` can be a random part of rows with such a share."""
    error = math.sqrt(share * (1 - share) / rows)
    missed = abs(negatives / rows - share)
    return missed <= _ROUNDING + _STANDARD_ERRORS * error
