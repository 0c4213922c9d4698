"""The documented lists that a checkpoint is fine-tuned over.

README of google-research/bert, March 11th 2020: the best of these batch sizes and
learning rates was selected for each task, after 4 epochs. A published number is the
best of all of them, so what was chosen from fewer is no number to lay beside it.
"""

import itertools

BATCH_SIZES = (8, 16, 32, 64, 128)
LEARNING_RATES = (3e-4, 1e-4, 5e-5, 3e-5)


def documented_configurations() -> set[tuple[int, float]]:
    """Batch size and learning rate of each."""
    return set(itertools.product(BATCH_SIZES, LEARNING_RATES))
