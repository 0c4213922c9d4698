"""The optimiser of 2018: AdamWeightDecay, its schedule and its clipping, K trials wide.

Source: the original's optimization.py. Upstream: Adam without bias correction, and a
learning rate that jumps at the end of the warm-up; both may be had otherwise (Schedule,
`bias_corrections`). Pure functions; where the state lives is in optimizer.py.
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

    In pre-training the table is the output's kernel too; where the two gradients are
    added to one of the table's shape, as by the TensorFlow that the goldens are of, the
    two values are equal under either graph.
    """

    ONE_HOT = "one-hot"
    LOOKUP = "lookup"


class Schedule(StrEnum):
    """From where the decay of the learning rate is counted.

    Upstream: from step 0, so that the rate drops from (warmup − 1) / warmup to
    1 − warmup / total when the warm-up ends. Elsewhere, as in Hugging Face's schedule
    of that name, it falls from the end of the warm-up on, and from 1.
    """

    FROM_START = "from start"
    FROM_WARMUP = "from warm-up"


def learning_rate_factor(
    step: int,
    num_train_steps: int,
    num_warmup_steps: int,
    schedule: Schedule = Schedule.FROM_START,
) -> float:
    """The share of the initial learning rate that applies at `step`, from 0.

    Warm-up: step / warmup. After it: 1 − step / total, or with the decay counted
    from the end of the warm-up, (total − step) / (total − warmup).
    """
    if step < num_warmup_steps:
        return step / num_warmup_steps
    left = num_train_steps - min(step, num_train_steps)
    if schedule == Schedule.FROM_WARMUP:
        return left / max(1, num_train_steps - num_warmup_steps)
    return 1.0 - min(step, num_train_steps) / num_train_steps


def bias_corrections(step: int) -> tuple[float, float]:
    """What Adam multiplies m and v by at `step`, from 0 (Kingma & Ba 2015, alg. 1)."""
    return 1.0 / (1.0 - BETA_1 ** (step + 1)), 1.0 / (1.0 - BETA_2 ** (step + 1))


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


def adam_weight_decay(
    state, gradient, learning_rate, decay: float, corrections=None
) -> tuple:
    """One update of one variable: the new weight, m and v, all `[K, ...]`.

    `state` are the three before it. `learning_rate` is float32 `[K]`; `decay` is added
    to the update, not to the loss; `corrections`, float32 `[2]`, multiply m and v where
    they are used.
    """
    weight, m, v = state
    m = BETA_1 * m + (1.0 - BETA_1) * gradient
    v = BETA_2 * v + (1.0 - BETA_2) * ops.square(gradient)
    used_m, used_v = m, v
    if corrections is not None:
        used_m, used_v = m * corrections[0], v * corrections[1]
    update = used_m / (ops.sqrt(used_v) + EPSILON) + decay * weight
    return weight - over_trials(learning_rate, weight) * update, m, v


def over_trials(per_trial, like):
    """Reshape `[K]` so that it multiplies `[K, ...]`."""
    return ops.reshape(per_trial, (-1,) + (1,) * (len(like.shape) - 1))


def _sum_of_squares(x):
    return ops.sum(ops.reshape(ops.square(x), (x.shape[0], -1)), axis=1)
