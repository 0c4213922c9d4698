"""The optimiser of 2018: AdamWeightDecay, its schedule and its clipping, K trials wide.

Source: the original's optimization.py. Upstream: Adam without bias correction, and a
learning rate that jumps at the end of the warm-up (see `learning_rate_factor`).
Pure functions; where the state lives is in training.py.
"""

import re
from enum import StrEnum

from keras import ops

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-6
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
NOT_DECAYED = re.compile("LayerNorm|layer_norm|bias")


class Clipping(StrEnum):
    """How the word embeddings enter the norm that gradients are clipped by.

    Upstream: `create_optimizer` hands gradients to `clip_by_global_norm` as they come,
    and how that of the word embeddings comes depends on how modeling.py reads the
    table (`use_one_hot_embeddings`). On a TPU it multiplies by one-hot rows, and the
    gradient is that of the table. On CPU and GPU it looks rows up, and the gradient is
    a list of rows: a word piece that occurs n times is n rows, whose squares are summed
    before the rows are. So the same recipe clips differently on the two.

    In pre-training the table is the output's kernel too; the two gradients are added
    to one of the table's shape under either graph, and the two values are equal.
    """

    ONE_HOT = "one-hot"
    LOOKUP = "lookup"


def learning_rate_factor(
    step: int, num_train_steps: int, num_warmup_steps: int
) -> float:
    """The share of the initial learning rate that applies at `step`, from 0.

    Warm-up: step / warmup. After it: 1 − step / total.
    Upstream: the decay is counted from step 0, not from the end of the warm-up, so
    the rate drops from (warmup − 1) / warmup to 1 − warmup / total between two steps.
    """
    if step < num_warmup_steps:
        return step / num_warmup_steps
    return 1.0 - min(step, num_train_steps) / num_train_steps


def is_decayed(name: str) -> bool:
    """Whether weight decay applies to the variable of this name."""
    return NOT_DECAYED.search(name) is None


def clip_by_global_norm(gradients: list, counted: dict | None = None) -> list:
    """Scale each trial's gradients so that their joint norm is at most CLIP_NORM.

    Arrays are float `[K, ...]`; the norm is over everything but K. `counted` gives, by
    place in the list, a sum of squares `[K]` that stands for the gradient's own.
    """
    counted = counted or {}
    squares = [
        counted[place] if place in counted else _sum_of_squares(gradient)
        for place, gradient in enumerate(gradients)
    ]
    norm = ops.sqrt(sum(squares))
    scale = CLIP_NORM / ops.maximum(norm, CLIP_NORM)  # [K]
    return [gradient * over_trials(scale, gradient) for gradient in gradients]


def adam_weight_decay(weight, gradient, m, v, learning_rate, decay: float) -> tuple:
    """One update of one variable: the new weight, m and v, all `[K, ...]`.

    `learning_rate` is float32 `[K]`; `decay` is added to the update, not to the loss.
    """
    m = BETA_1 * m + (1.0 - BETA_1) * gradient
    v = BETA_2 * v + (1.0 - BETA_2) * ops.square(gradient)
    update = m / (ops.sqrt(v) + EPSILON) + decay * weight
    return weight - over_trials(learning_rate, weight) * update, m, v


def over_trials(per_trial, like):
    """Reshape `[K]` so that it multiplies `[K, ...]`."""
    return ops.reshape(per_trial, (-1,) + (1,) * (len(like.shape) - 1))


def _sum_of_squares(x):
    return ops.sum(ops.reshape(ops.square(x), (x.shape[0], -1)), axis=1)
