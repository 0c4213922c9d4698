"""What two pre-trainings share that differ in nothing but masking and seed.

Model, text and settings, by their own records: those of results/pretraining/, and what
a checkpoint that was made here says of itself (reference/pretraining.py). One without
such a record, a published one or another's, is not known to be like any other. Not
here: which of them make a pair (suite/masking_pairs.py, suite/masked_lm_effect.py).
"""

import json
from collections.abc import Mapping, Sequence

_STEPS = "num_train_steps"


def alike(model: str, text: object, settings: Mapping) -> str:
    """Equal for two pre-trainings that differ in masking and seed at most."""
    shared = {name: value for name, value in settings.items() if name != "seed"}
    return json.dumps([model, text, shared], sort_keys=True)


def alike_of(checkpoint: Mapping) -> str | None:
    """The same of a checkpoint of run.json; None where its making is not recorded."""
    made = checkpoint.get("pretraining") or {}
    if "settings" not in made:
        return None
    # Masks in the records are digested with them, and differ between maskings.
    drawn = made["settings"].get("dynamic_masking") is not None
    phases = [phase if drawn else phase[:2] for phase in made.get("phases", [])]
    text = [made.get("corpus"), made.get("lower_case"), phases]
    return alike(checkpoint["name"], text, made["settings"])


def masks_are_fixed(checkpoint: Mapping) -> bool:
    """Whether its masks were drawn with its sentence pairs, once, as in the original.

    Another masking then draws other sentence pairs too, from the one generator.
    """
    settings = (checkpoint.get("pretraining") or {}).get("settings", {})
    return bool(settings) and settings.get("dynamic_masking") is None


def seed_of(checkpoint: Mapping) -> int | None:
    """The seed of its pre-training, where it is known."""
    settings = (checkpoint.get("pretraining") or {}).get("settings", {})
    return settings.get("seed", checkpoint.get("seed"))


def told_apart(made: Sequence[Mapping]) -> list[str]:
    """How each of some kinds of pre-training, by its record, differs from the others.

    They are numbered where settings and names of texts are the same; "" for one alone.
    """
    said = [", ".join(_differing(own, made)) for own in made]
    return [
        words if said.count(words) == 1 else f"{words} kind {number}".strip()
        for number, words in enumerate(said, 1)
    ]


def _differing(own: Mapping, made: Sequence[Mapping]) -> list[str]:
    settings = own["settings"]
    said = [
        f"{value:,} steps" if name == _STEPS else f"{name} {value}"
        for name, value in settings.items()
        if name != "seed"
        and any(other["settings"].get(name) != value for other in made)
    ]
    corpus = own.get("corpus")
    if corpus and any(other.get("corpus") != corpus for other in made):
        said.append(f"on {corpus[0]}" + (" …" if len(corpus) > 1 else ""))
    return said
