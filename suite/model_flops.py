"""Floating-point operations of a training step, by formula: matrix products only.

A product of `[a, b]` and `[b, c]` takes 2abc operations. The backward pass takes two
products of the same size for each of the forward pass, so a step takes three times the
forward pass. Logits over the vocabulary count at the masked positions only: they are
what the model asks for, whatever a program computes beside them. Look-ups, the segment
embeddings and everything element-wise count as nothing.
"""

from dataclasses import dataclass

BACKWARD_AND_FORWARD = 3


@dataclass(frozen=True)
class StepShape:
    """The shape of a model and of its batch, of one trial.

    `predictions` is the number of masked positions of a sequence, 0 where there is no
    masked-LM head; `classes` the outputs of the head on the first token.
    """

    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    batch: int
    length: int
    predictions: int = 0
    classes: int = 2


def forward_flops(shape: StepShape) -> dict[str, int]:
    """Operations of one forward pass: "encoder", "attention", "vocabulary", "heads".

    "encoder" is the dense layers of the blocks, "attention" scores and context,
    "vocabulary" the logits of the masked positions, "heads" the rest: the dense layer
    before those logits, the pooler and the classes.
    """
    hidden, tokens = shape.hidden, shape.batch * shape.length
    masked = shape.batch * shape.predictions
    # Query, key, value and output; then the wide layer and back.
    dense = 4 * hidden**2 + 2 * hidden * shape.intermediate
    heads = (masked + shape.batch) * hidden**2 + shape.batch * hidden * shape.classes
    return {
        "encoder": 2 * shape.layers * tokens * dense,
        "attention": 2 * shape.layers * tokens * 2 * shape.length * hidden,
        "vocabulary": 2 * masked * hidden * shape.vocabulary,
        "heads": 2 * heads,
    }


def training_flops(shape: StepShape) -> int:
    """Operations of one training step, forward and backward."""
    return BACKWARD_AND_FORWARD * sum(forward_flops(shape).values())
