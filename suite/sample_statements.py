"""Plain English statements, taken apart so that they can be denied and reworded.

The sample tasks are made of them. Only sentences of one simple form qualify: a subject,
an auxiliary verb, the rest, and nothing negative in it. Not here: what the tasks do
with a statement (sample_tasks.py).
"""

import re
from dataclasses import dataclass
from random import Random

# Openings of fragments, orders, questions and subordinate clauses.
_NO_SUBJECTS = frozenset(
    "Also Are As But By Can Check Determine Else For From How Identify If In Is May "
    "Must Note On Only Otherwise Raised Return Returns See Should Since Specify Then "
    "There To Was What When Where Whether Which While Who Why Will With".split()
)
_AUXILIARIES = frozenset("are can is must should was were will".split())
_NEGATIVE = frozenset("cannot neither never no none nor not without".split())
_RELATIVE = frozenset(
    "because how if once so that to when where whether which who whose why".split()
)
_WORDS_A_STATEMENT = range(4, 12)
_LETTERS_A_WORD = 14  # longer ones are mostly names in code, of many pieces


@dataclass(frozen=True)
class Statement:
    """An affirmative main clause, split at its auxiliary; no final full stop."""

    subject: tuple[str, ...]
    auxiliary: str
    rest: tuple[str, ...]
    package: str

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.subject, self.auxiliary, *self.rest)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def clause(self) -> str:
        """The statement as it stands inside a sentence."""
        return uncapitalised(self.text)

    def denied(self, rng: Random) -> str:
        negation = rng.choice(("not", "never", "no longer", "in no way"))
        return " ".join((*self.subject, self.auxiliary, negation, *self.rest))


def as_statement(sentence: str, package: str) -> Statement | None:
    """The statement that a sentence makes, or None if it is not one of simple form."""
    words = sentence.removesuffix(".").split()
    if (
        not re.fullmatch(r"[A-Za-z0-9 '\-]+\.", sentence)
        or len(words) not in _WORDS_A_STATEMENT
        or max(map(len, words)) > _LETTERS_A_WORD
        or words[0] in _NO_SUBJECTS
        or words[0].endswith("ly")
        or not _NEGATIVE.isdisjoint(word.lower() for word in words)
    ):
        return None
    at = next((i for i, word in enumerate(words) if word in _AUXILIARIES), 0)
    if not 0 < at < len(words) - 1 or not _RELATIVE.isdisjoint(words[1:at]):
        return None
    return Statement(tuple(words[:at]), words[at], tuple(words[at + 1 :]), package)


def uncapitalised(text: str) -> str:
    """With a small first letter, unless the first word is an acronym or a name."""
    first = text.split()[0]
    return text if first[1:] != first[1:].lower() else text[0].lower() + text[1:]
