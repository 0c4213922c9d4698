"""What can be a learning rate."""

import math

from reference.errors import InputError


def check_learning_rate(rate: float) -> None:
    """InputError for what is no number above 0."""
    if not 0 < rate < math.inf:
        raise InputError(
            f"learning_rate: expected a number above 0, found {rate:g}; name another"
        )
