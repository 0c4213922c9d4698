"""The names of the held-out metrics of pre-training: what is measured, what is read.

Apart from the measuring (held_out.py), which loads the framework: a report does not.
"""

MASKED_LM = ("masked_lm_accuracy", "masked_lm_loss")
METRICS = (*MASKED_LM, "next_sentence_accuracy", "next_sentence_loss")


def under(metric: str, masking: str | None) -> str:
    """A metric of `MASKED_LM` on what a masking hid for every trial; None: its own."""
    return f"{metric}_{masking}" if masking else metric
