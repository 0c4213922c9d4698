"""What implementations of BERT fine-tuning are known to do differently, one at a time.

A knob is one such difference, turned while everything else stays as in the sweep. That
is the original's recipe, but for one thing: it shuffles within a buffer of 100
examples, and the sweep shuffles the whole split. What turning a knob changes is said
here in plain values; the code that follows them is in reference/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.errors import InputError


@dataclass(frozen=True)
class Knob:
    """One difference: what the sweep does, and what others do.

    `recipe` are fields of reference.recipe.Recipe, `config` fields of the model's.
    """

    name: str
    here: str
    otherwise: str
    recipe: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    truncation: str = "longer"
    pads_in_front: bool = False


FAITHFUL = Knob("", "the recipe of the sweep", "")

KNOBS: Mapping[str, Knob] = {
    knob.name: knob
    for knob in (
        Knob(
            "bias-correction",
            "Adam's moments are used as they are",
            "they are corrected for having begun at zero",
            recipe={"bias_correction": True},
        ),
        Knob(
            "no-warm-up-jump",
            "the decay is counted from step 0, so the rate drops after the warm-up",
            "it is counted from the end of the warm-up",
            recipe={"schedule": "from warm-up"},
        ),
        Knob(
            "buffer-of-100",
            "every epoch is a full shuffle",
            "examples are shuffled within a buffer of 100, as the original does it",
            recipe={"shuffle_buffer": 100},
        ),
        Knob(
            "remainder-dropped",
            "a batch may hold the end of one epoch and the beginning of the next",
            "what is left at an epoch's end is left out",
            recipe={"remainder": "dropped"},
        ),
        Knob(
            "look-up-clipping",
            "gradients are clipped by the norm of the summed rows of the word table",
            "by that of its rows as they were looked up, the original on CPU and GPU",
            recipe={"clipping": "lookup"},
        ),
        Knob(
            "exact-gelu",
            "gelu is its tanh approximation",
            'the exact function, as "gelu" of transformers',
            config={"hidden_act": "exact gelu"},
        ),
        Knob(
            "second-truncated",
            "of a pair that is too long the longer text is cut",
            "the second text alone",
            truncation="second",
        ),
        Knob(
            "padding-in-front",
            "a text begins at position 0",
            "it ends at the last position, behind its padding",
            pads_in_front=True,
        ),
        Knob(
            "no-dropout",
            "a tenth is dropped out, of hidden states and of attention",
            "nothing is",
            config={"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
        ),
        Knob(
            "hugging-face-schedule",
            "the original's steps and learning rates",
            "transformers': decay from the end of the warm-up, and an epoch's "
            "remainder is a smaller batch",
            recipe={"schedule": "from warm-up", "remainder": "kept"},
        ),
    )
}


def knob_named(name: str) -> Knob:
    """The knob of this name, or for "" none that is turned; InputError for another."""
    if name and name not in KNOBS:
        raise InputError(
            f"unknown knob {name!r}: expected one of {', '.join(KNOBS)}; spell it so"
        )
    return KNOBS.get(name, FAITHFUL)
