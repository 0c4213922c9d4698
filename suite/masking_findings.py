"""What was found in pre-training records on what is hidden, and how.

The original (create_pretraining_data.py of google-research/bert, l. 342-415) hides 15 %
of the tokens and draws for each: 80 % become [MASK], 10 % stay, 10 % become a random
piece. Which masking scheme it was is guessed from the words. Not here: counting
(suite/record_statistics.py) and what a finding is (suite/record_findings.py).
"""

import math
from collections import Counter
from collections.abc import Iterator

from suite.record_findings import (
    INFORMATION,
    MARGIN,
    OFF,
    OK,
    RARE,
    Finding,
    Share,
    Summary,
    percent,
)

# Whole-word masking hides all words whole, or nearly all where the last is cut to the
# budget; WordPiece masking hides few so.
LEAST_WHOLE = 0.8
# Where one piece in five is hidden, this many words are all whole once in 3,000 times.
LEAST_WORDS = 5


def budget_findings(summary: Summary) -> Iterator[Finding]:
    """How much is hidden."""
    sequences = summary.predictions
    hidden = sum(number * times for number, times in sequences.items())
    mean, budget = hidden / summary.records, summary.counts["budget"] / summary.records
    least, most, none = min(sequences), max(sequences), sequences[0]
    note = ""
    if not hidden:
        note = (
            "Nothing is hidden in any record: the masking step was likely left out, or "
            "masked_lm_weights never set."
        )
    yield Finding(
        name="predictions a sequence",
        value=f"mean {mean:.2f}, from {least} to {most}; none in {none:,} sequences",
        original=f"mean {budget:.2f}: {percent(summary.masked_lm_prob, 0)} of these",
        status=OFF if note else INFORMATION,
        note=note,
        numbers={
            "mean": mean,
            "least": least,
            "most": most,
            "without": none,
            "mean_of_original": budget,
        },
    )


def replacement_findings(summary: Summary) -> Iterator[Finding]:
    """What stands where a token was hidden."""
    counts, hidden = summary.counts, summary.counts["hidden"]
    # The random piece is now and then the token itself, or [MASK].
    by_chance = 0.1 / summary.vocab_size
    fates = (
        ("masked", "became [MASK]", 0.8 + by_chance),
        ("kept", "were kept", 0.1 + by_chance),
        ("random", "became another piece", 0.1 - 2 * by_chance),
    )
    for fate, words, usual in fates:
        share = Share(counts[fate], hidden)
        note = ""
        if share.misses(usual):
            note = (
                f"{percent(share.value)} of the hidden tokens {words}, and "
                f"{percent(usual, 0)} are usual: {_cause(fate, share)}."
            )
        name = f"hidden tokens that {words}"
        status = OFF if note else OK if hidden else INFORMATION
        yield Finding(name, str(share), percent(usual), status, note, share.numbers)
    share = Share(counts["random_special"], counts["random"])
    # A random piece that is [MASK] counts as masked, and one in V is the token itself.
    usual = (summary.special_size - 1) / max(1, summary.vocab_size - 2)
    name = "special tokens and unused entries among those pieces"
    yield Finding(name, str(share), percent(usual), numbers=share.numbers)


def _cause(fate: str, share: Share) -> str:
    if fate == "masked" and share.value < 0.1:
        return "[MASK] was likely not used, or --vocab is not the records' own"
    if fate == "masked":
        return "[MASK] was likely drawn with another probability than 0.8"
    if fate == "random" and not share.count:
        return "random pieces were likely left out"
    if not share.misses(0.02 if fate == "random" else 0.18):
        return (
            "what does not become [MASK] was likely split into 0.1 and 0.9 instead of "
            "in halves"
        )
    return "what does not become [MASK] was likely not split in halves"


def word_findings(summary: Summary) -> Iterator[Finding]:
    """How words of several pieces are hidden."""
    counts = summary.counts
    scheme = masking_scheme(counts)
    notes = {
        None: "Too few words of several pieces are hidden to tell.",
        "whole-word": "A guess: words of several pieces are hidden whole.",
        "wordpiece": "A guess: words of several pieces are hidden in part.",
    }
    numbers = {"masking": scheme}
    yield Finding("masking", scheme or "unknown", note=notes[scheme], numbers=numbers)
    share = Share(counts["whole_words"], counts["touched_words"])
    yield Finding(
        name="words of several pieces, one hidden, that are hidden whole",
        value=share.counted(),
        original="all under whole-word masking, few under wordpiece",
        numbers=share.numbers,
    )
    yield _continuations(counts)
    yield _neighbours(counts)
    yield _glued(counts, summary.records)


def masking_scheme(counts: Counter) -> str | None:
    """How the tokens were likely chosen; None where too few words tell."""
    if counts["touched_words"] < LEAST_WORDS:
        return None
    share = counts["whole_words"] / counts["touched_words"]
    return "whole-word" if share >= LEAST_WHOLE else "wordpiece"


def _continuations(counts: Counter) -> Finding:
    share = Share(counts["hidden_continuations"], counts["hidden"])
    text = Share(counts["text_continuations"], counts["text"])
    note = ""
    # The first: each hidden token is one by chance, and a head never.
    if share.count == share.of and (text.value or 0) ** share.of < RARE:
        note = (
            "Masks inside words only: every hidden token is a ## piece, the first "
            "piece of a word is never hidden; words were likely grouped without it."
        )
    # The second: all chances come to nothing with about this probability.
    elif not share.count and math.exp(-counts["continuation_chances"]) < RARE:
        note = (
            "Masks on first pieces only: ## pieces are never hidden although the text "
            "has them; the rest of a word was likely left out when it was hidden."
        )
    return Finding(
        name="## pieces among hidden tokens",
        value=f"{share}; {text} of the text",
        original="as in the text, or fewer under whole-word masking",
        status=OFF if note else INFORMATION,
        note=note,
        numbers={**share.numbers, "share_of_text": text.value},
    )


def _neighbours(counts: Counter) -> Finding:
    share = Share(counts["like_neighbours"], counts["hidden_neighbours"])
    usual = 0.8**2 + 0.1**2 + 0.1**2
    note = ""
    if share.interval[0] > usual + MARGIN:
        note = (
            "Whether [MASK], itself or a random piece was likely drawn once for a "
            "word; the original draws for each piece."
        )
    return Finding(
        name="hidden neighbours in a word that fared alike",
        value=str(share),
        original=percent(usual),
        note=note,
        numbers=share.numbers,
    )


def _glued(counts: Counter, records: int) -> Finding:
    glued = Share(counts["glued"], records)
    together = Share(counts["glued_together"], counts["glued_touched"])
    return Finding(
        name="second segments that begin inside a word",
        value=f"{glued.counted()}; hidden together with the word before [SEP] in "
        f"{together.counted()}",
        original="always together under whole-word masking",
        numbers={**glued.numbers, "touched": together.of, "together": together.count},
    )
