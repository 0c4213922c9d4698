"""What was found in pre-training records, line by line: all but the masking.

Each count is set beside what create_pretraining_data.py of google-research/bert gives.
A line is off only where chance does not explain it, and then says what the likely
cause is. Not here: counting (suite/record_statistics.py), the lines on what is hidden
(suite/masking_findings.py), reading and the whole result (suite/record_check.py).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from scipy.stats import binomtest

CONFIDENCE = 0.999
# What happens by chance less often than this is not put down to chance.
RARE = 1 - CONFIDENCE
MARGIN = 0.005  # by how much a share may miss the original's
MOST_IDENTICAL = 0.05
OK, OFF, INFORMATION = "ok", "off", "–"

# Rules of structure: what holds in the original's records, and why it may not.
RULES = {
    "input_mask": (
        "ones, then zeros",
        "padding likely stands before or within the sequence instead of after it",
    ),
    "input_ids": (
        "0 where input_mask is 0",
        "padding was likely written with another id, or the mask is too short",
    ),
    "segment_ids": (
        "0 up to and with the first [SEP], then 1, and 0 in padding",
        "the second segment was likely counted from another place, or padding was not "
        "set to 0",
    ),
    "special tokens": (
        "[CLS] first and [SEP] last",
        "they were likely left out or cut off, or --vocab is not the vocabulary that "
        "the records were made with",
    ),
    "masked_lm_positions": (
        "ascending, within the sequence, never at [CLS] or [SEP]",
        "positions were likely not sorted, or counted before the special tokens were "
        "put in",
    ),
    "masked_lm_weights": (
        "ones, then zeros",
        "they likely hold something else than which predictions there are",
    ),
    "vocabulary": (
        "all ids within the vocabulary",
        "--vocab is likely not the vocabulary that the records were made with",
    ),
    "next_sentence_labels": (
        "0 or 1",
        "they likely hold something else than whether the second segment is random",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One line of the result: a value, what the original gives, and whether it fits.

    `status` is "ok", "off" or "–" (for information only); `note` says in a sentence
    what is off and why, or explains; `numbers` are the value's parts, shares as
    fractions.
    """

    name: str
    value: str
    original: str = INFORMATION
    status: str = INFORMATION
    note: str = ""
    numbers: dict[str, int | float | str | None] = field(default_factory=dict)

    def __str__(self) -> str:
        """All of it in one line of plain text, but the numbers."""
        original = (
            "" if self.original == INFORMATION else f" (original: {self.original})"
        )
        note = f". {self.note}" if self.note else ""
        return f"{self.status:3} {self.name}: {self.value}{original}{note}"


@dataclass(frozen=True)
class Broken:
    """How many records break a rule, and the first of them (counted from 0)."""

    records: int
    path: str
    index: int


@dataclass(frozen=True)
class Summary:
    """Everything counted over all files.

    `files` has the number of records of each; `lengths` the first file of each pair
    (tokens, predictions); `predictions` the number of sequences with so many;
    `broken` goes by rule. `counts` are suite/record_statistics.py's.
    """

    files: list[int]
    lengths: dict[tuple[int, int], str]
    counts: Counter
    predictions: Counter
    broken: dict[str, Broken]
    distinct_records: int
    distinct_sequences: int
    vocab_size: int
    special_size: int  # special tokens and unused entries
    masked_lm_prob: float  # the share that was to be hidden

    @property
    def records(self) -> int:
        """Of all files."""
        return self.counts["records"]


@dataclass(frozen=True)
class Share:
    """So many of so many, with Wilson's interval."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """As a fraction; none of none is no share."""
        return self.count / self.of if self.of else None

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Where the probability behind the share lies, at CONFIDENCE."""
        if not self.of:
            return 0.0, 1.0
        found = binomtest(self.count, self.of).proportion_ci(CONFIDENCE, "wilson")
        return float(found.low), float(found.high)

    @property
    def numbers(self) -> dict[str, int | float | None]:
        """For Finding.numbers."""
        low, high = self.interval if self.of else (None, None)
        counted = {"count": self.count, "of": self.of}
        return {**counted, "share": self.value, "low": low, "high": high}

    def misses(self, wanted: float) -> bool:
        """Whether the interval lies wholly beside `wanted`, by more than MARGIN."""
        low, high = self.interval
        return low > wanted + MARGIN or high < wanted - MARGIN

    def counted(self) -> str:
        """In words, "12 of 40 (30.00 %)"."""
        share = f" ({percent(self.value)})" if self.of else ""
        return f"{self.count:,} of {self.of:,}{share}"

    def __str__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        return f"{percent(self.value)} [{low:.2f}, {high:.2f}]" if self.of else "none"


def percent(fraction: float, decimals: int = 2) -> str:
    """A fraction of 1 with its sign."""
    return f"{100 * fraction:.{decimals}f} %"


def size_findings(summary: Summary) -> Iterator[Finding]:
    """How many records there are, and how large."""
    files = len(summary.files)
    empty = summary.files.count(0)
    value = f"{summary.records:,} in {files} {'file' if files == 1 else 'files'}"
    value += f", {empty} of them empty" if empty else ""
    numbers = {"records": summary.records, "files": files, "empty_files": empty}
    yield Finding("records", value, numbers=numbers)
    yield _lengths(summary)
    padding = 1 - summary.counts["tokens"] / summary.counts["positions"]
    mean = summary.counts["tokens"] / summary.records
    value = f"{percent(padding)}; {mean:.1f} tokens a sequence"
    numbers = {"share": padding, "mean_tokens": mean}
    yield Finding("padding", value, numbers=numbers)


def _lengths(summary: Summary) -> Finding:
    found = {
        f"{tokens} tokens and {predictions} predictions": path
        for (tokens, predictions), path in summary.lengths.items()
    }
    note = ""
    if len(found) > 1:
        described = ", ".join(f"{path} has {length}" for length, path in found.items())
        note = (
            f"Lengths that disagree: {described}; these files were likely made with "
            "different limits, and cannot be trained on together."
        )
    return Finding(
        name="lengths",
        value="; ".join(found),
        original="one for all files",
        status=OFF if note else OK,
        note=note,
        numbers={"lengths": len(found)},
    )


def label_findings(summary: Summary) -> Iterator[Finding]:
    """Next-sentence labels, of which the original makes at least half random."""
    share = Share(summary.counts["random_next"], summary.records)
    note, status = "", OK
    if share.interval[1] < 0.5 - MARGIN:
        note, status = (
            "Fewer second segments are random than half: they were likely not drawn as "
            "often, or what comes of the same document is not labelled random.",
            OFF,
        )
    # Fair labels, too, are all equal in a few records.
    if share.count in (0, share.of) and 2 * 0.5**share.of < RARE:
        cause = (
            "documents are likely one line each; a blank line is to stand between "
            "documents, not between sentences"
            if share.count
            else "second segments were likely never drawn from other documents, or the "
            "labels never set"
        )
        note = f"All next-sentence labels are {min(share.count, 1)}: {cause}."
        status = OFF
    yield Finding(
        name="next-sentence labels that are 1 (random)",
        value=str(share),
        original="50 %, more where documents are short",
        status=status,
        note=note,
        numbers=share.numbers,
    )


def repetition_findings(summary: Summary) -> Iterator[Finding]:
    """Records there more than once, and how much different text there is."""
    repeated = Share(summary.records - summary.distinct_records, summary.records)
    note = ""
    if repeated.value > MOST_IDENTICAL:
        note = (
            f"{repeated.counted()} records repeat another one, masks included: files "
            "were likely given twice or made from one text with one seed, or the text "
            "was repeated without being masked anew."
        )
    yield Finding(
        name="records that repeat another, masks included",
        value=repeated.counted(),
        original="next to none",
        status=OFF if note else OK,
        note=note,
        numbers=repeated.numbers,
    )
    distinct = Share(summary.distinct_sequences, summary.records)
    name = "distinct sequences before masking"
    yield Finding(name, distinct.counted(), numbers=distinct.numbers)


def structure_findings(summary: Summary) -> Iterator[Finding]:
    """One line for each rule."""
    for rule, (original, cause) in RULES.items():
        broken = summary.broken.get(rule)
        if not broken:
            yield Finding(rule, "in all records", original, OK, "", {"broken": 0})
            continue
        share = Share(broken.records, summary.records).counted()
        note = (
            f"{share} records break the rule for {rule} ({original}), the first is "
            f"record {broken.index} of {broken.path}, counted from 0: {cause}."
        )
        numbers = {
            "broken": broken.records,
            "file": broken.path,
            "record": broken.index,
        }
        yield Finding(rule, f"broken in {share}", original, OFF, note, numbers)
