"""How pages name a checkpoint that run.json describes: heading, sentence, file name."""

from collections.abc import Mapping, Sequence

from suite.markdown import counted


def named(checkpoint: Mapping) -> str:
    """Model and masking, which of a published checkpoint nothing may say."""
    masking = checkpoint["masking"]
    return ", ".join([checkpoint["name"], *([f"{masking} masking"] if masking else [])])


def title(checkpoint: Mapping) -> str:
    """The same of one that was pre-trained here with its seed."""
    seed = checkpoint.get("seed")
    return ", ".join([named(checkpoint), *([f"pre-training seed {seed}"] * bool(seed))])


def described(checkpoint: Mapping) -> str:
    """With what it is."""
    said = checkpoint.get("description")
    return ", ".join([named(checkpoint), *([said] if said else [])])


def slug(checkpoint: Mapping, number: int) -> str:
    """A file name of the checkpoint's own: names may repeat over pre-training seeds."""
    words = f"{number + 1} {checkpoint['name']} {checkpoint['masking'] or ''}"
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())


def phases_in_words(
    phases: Sequence[tuple[int, int]], lengths: Sequence[int] | None
) -> str:
    """Steps and batch sizes, and sequence lengths where they were recorded."""
    said = [f"{counted(steps, 'step')} of {batch}" for steps, batch in phases]
    if lengths:
        pairs = zip(said, lengths, strict=True)
        said = [f"{words} sequences of {length}" for words, length in pairs]
    return ", then ".join(said)
