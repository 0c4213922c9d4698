"""Rules of the sample tasks: GLUE-shaped examples, labels true by construction.

Each rule takes a plain English statement and a wanted label and writes an example that
has this label because of how it was made. Most of the signal is in single words, so
that a small model with a minute of pre-training is above chance; in every task a part
needs more than words, so that none is solved outright. The scores mean nothing beyond
this suite. Not here: what a statement is (sample_statements.py) and the files
(sample_files.py).

CoLA      0 = determiners piled up, a verb form broken, or the auxiliary put last.
SST-2     the polarity of the opinion put before a statement, turned by a negator.
MRPC      1 = reworded, reframed, or a denial denied; 0 = denied, or another matter.
STS-B     5 x the share of words kept; the others became a placeholder or foreign words.
QQP       1 = both questions ask for the same kind of thing, in other words.
MNLI, AX  a restatement is entailed, a denial contradicts; what the premise leaves open
          (an added claim, another statement) is neutral.
QNLI      entailment = the sentence holds a detail of the kind the question asks for.
RTE       a weaker claim is entailed; a stronger or an unrelated one is not.
WNLI      1 = the second sentence puts the noun that the pronoun stands for: "it" is
          the thing, "she" or "he" the person.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from suite.sample_statements import Statement, uncapitalised

_DETERMINERS = frozenset("a an any each every the these this those".split())


@dataclass(frozen=True)
class Example:
    """The one or two texts of a row and its label as GLUE's files spell it."""

    texts: tuple[str, ...]
    label: str


Rule = Callable[[Random, Statement, Statement, str], tuple[str, ...]]


def acceptability(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str]:
    """CoLA: of twenty broken sentences, twelve show it in the form of the verb."""
    words = list(statement.words)
    if label == "0":
        at = len(statement.subject)
        breaks = rng.choices(("verb", "determiner", "order"), (12, 5, 3))[0]
        if breaks == "verb":  # no subject of a statement agrees with these
            words[at] = rng.choice(("am", "been", "being"))
        elif breaks == "order":
            words.append(words.pop(at))
        else:
            places = [i for i, word in enumerate(words) if word.lower() in _DETERMINERS]
            place = rng.choice(places or [-1]) + 1
            words[place:place] = rng.choice(("an the", "a the", "the an")).split()
    return (f"{' '.join(words)}.",)


_PRAISE = (
    "clear helpful useful simple fast robust convenient accurate good great".split()
)
_BLAME = "slow bad wrong broken difficult useless poor ugly confusing unstable".split()


def sentiment(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str]:
    """SST-2: one row in six says it with a negator and words of the other side."""
    turned = rng.random() < 1 / 6
    first, second = rng.sample(_PRAISE if (label == "1") != turned else _BLAME, 2)
    opener = ("hardly", "far from", "anything but") if turned else ("very", "so", "")
    opinion = f"{rng.choice(opener)} {first} and {second}".strip()
    return (f"{opinion} : {statement.clause} .",)


_SYNONYMS = {
    "used": "employed",
    "returned": "given back",
    "computed": "calculated",
    "specified": "indicated",
    "given": "supplied",
    "passed": "handed over",
    "performed": "carried out",
    "same": "identical",
    "number": "count",
    "should": "ought to",
    "may": "might",
    "ignored": "disregarded",
    "values": "numbers",
}
_REFRAMES = ("note that {}", "as documented, {}", "here {}", "in other words, {}")
_DOUBLE_DENIALS = ("it is not wrong that {}", "there is no doubt that {}")


def paraphrase(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """MRPC: a sixth of the positives deny a denial, a sixth of the others digress."""
    unusual = rng.random() < 1 / 6
    if label == "0" and not unusual:
        return f"{statement.text}.", f"{statement.denied(rng)}."
    source = statement if label == "1" else other
    reworded = uncapitalised(" ".join(_SYNONYMS.get(w, w) for w in source.words))
    frames = _DOUBLE_DENIALS if label == "1" and unusual else _REFRAMES
    return f"{statement.text}.", f"{_framed(rng, frames, reworded)}."


_PLACEHOLDERS = ("something", "somehow", "somewhere", "whatever")


def similarity(
    rng: Random, statement: Statement, other: Statement, share: float
) -> Example:
    """STS-B: keep about `share` of the words; one row in four gets foreign words."""
    words = list(statement.words)
    fillers = other.words if rng.random() < 1 / 4 else _PLACEHOLDERS
    replaced = rng.sample(range(len(words)), round((1 - share) * len(words)))
    for place in replaced:
        words[place] = rng.choice(fillers)
    score = 5 * (1 - len(replaced) / len(words))
    return Example((f"{statement.text}.", f"{' '.join(words)}."), f"{score:.3f}")


_ASKS = {
    "reason": ("why is it that {}", "for what reason is it that {}", "how come {}"),
    "time": ("when is it that {}", "since which release is it that {}"),
    "place": ("where is it that {}", "in which module is it that {}"),
}


def duplicate_question(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """QQP: three first questions in four ask for the reason."""
    first = rng.choice(("reason",) * 6 + ("time", "place"))
    second = first if label == "1" else rng.choice([k for k in _ASKS if k != first])
    one = rng.choice(_ASKS[first])
    two = rng.choice([ask for ask in _ASKS[second] if ask != one])
    return (
        f"{_framed(rng, (one,), statement.clause)}?",
        f"{_framed(rng, (two,), statement.clause)}?",
    )


_RESTATED = ("it is true that {}", "indeed, {}", "in fact, {}", "as stated, {}", "{}")
_FALSE = ("it is false that {}", "it is a mistake to believe that {}")
_ADDED = (
    "{} because users asked for it",
    "{} since the first release",
    "{} for historical reasons",
    "{} and most people know it",
    "{} although few people notice",
)


def inference(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """MNLI and AX: one neutral row in five is an unrelated statement."""
    premise = f"{statement.text}."
    if label == "entailment":
        return premise, f"{_framed(rng, _RESTATED, statement.clause)}."
    if label == "neutral":
        if rng.random() < 1 / 5:
            return premise, f"{other.text}."
        return premise, f"{_framed(rng, _ADDED, statement.clause)}."
    if rng.random() < 1 / 2:
        return premise, f"{_framed(rng, _FALSE, statement.clause)}."
    return premise, f"{statement.denied(rng)}."


_DETAILS = {
    "number": ("in {} steps", "within {} seconds", "for {} values", "up to {} times"),
    "reason": ("because memory is scarce", "to save time", "for historical reasons"),
    "place": ("on the server", "inside the main window", "at the end of the file"),
}
_ASKED = {
    "number": "What number is given about {}?",
    "reason": "What reason is given for {}?",
    "place": "What place is given for {}?",
}
# Words with which a statement might itself hold a detail of the kind.
_HINTS = {
    "number": re.compile(r"\d|\b(zero|one|two|three|four|first|second|half|double)\b"),
    "reason": re.compile(r"\b(because|by|due|for|since|to)\b"),
    "place": re.compile(r"\b(above|at|below|from|here|in|inside|into|on|within)\b"),
}


def answer(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """QNLI: half of the unanswered sentences hold a detail, of another kind."""
    asked = ["number", "number", "reason", "place"]
    sentence, detail = statement.text, None
    subject = uncapitalised(" ".join(statement.subject))
    if label == "entailment":
        kind = detail = rng.choice(asked)
    else:
        free = [kind for kind in asked if not _HINTS[kind].search(sentence.lower())]
        if not free:
            sentence = f"So much about {subject}"
        kind = rng.choice(free or asked)
        if rng.random() < 1 / 2:
            detail = rng.choice([other for other in _DETAILS if other != kind])
    if detail is not None:
        added = rng.choice(_DETAILS[detail]).format(rng.randint(3, 99))
        sentence = f"{sentence} {added}"
    return _ASKED[kind].format(subject), f"{sentence}."


_WEAKER = (
    "it is possible that {}",
    "sometimes {}",
    "in some cases {}",
    "at least once {}",
)
_STRONGER = (
    "only here {}",
    "in every library {}",
    "everyone agrees that {}",
    "it is proven that always {}",
)


def weaker_claim(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """RTE: three rows in ten show no such words, only the same or another statement."""
    premise = f"{statement.text}."
    if rng.random() < 3 / 10:
        same = statement if label == "entailment" else other
        return premise, f"{same.text}."
    frames = _WEAKER if label == "entailment" else _STRONGER
    return premise, f"{_framed(rng, frames, statement.clause)}."


_PERSONS = "author caller developer expert reader reviewer student user".split()
_THINGS = "array axis figure file function matrix module table".split()
_DOES = ("changed", "chose", "kept", "copied", "closed", "tested", "described")
_OF_THINGS = ("empty", "sorted", "sparse", "symmetric", "cached", "normalized")
_OF_PERSONS = ("curious", "tired", "careful", "hungry", "late", "happy")


def pronoun(
    rng: Random, statement: Statement, other: Statement, label: str
) -> tuple[str, str]:
    """WNLI: three rows in four are about the thing. Uses no statement."""
    person, thing = rng.choice(_PERSONS), rng.choice(_THINGS)
    of_thing = rng.random() < 3 / 4
    it = "it" if of_thing else rng.choice(("she", "he"))
    quality = rng.choice(_OF_THINGS if of_thing else _OF_PERSONS)
    first = f"The {person} {rng.choice(_DOES)} the {thing} because {it} was {quality}."
    subject = thing if of_thing == (label == "1") else person
    return first, f"The {subject} was {quality}."


def _framed(rng: Random, frames: tuple[str, ...], clause: str) -> str:
    sentence = rng.choice(frames).format(clause)
    return sentence[0].upper() + sentence[1:]


# For each task its rule and its labels in the proportion in which they are dealt out.
RULES: Mapping[str, tuple[Rule, tuple[str, ...]]] = {
    "CoLA": (acceptability, ("0", "1")),
    "SST-2": (sentiment, ("0", "1")),
    "MRPC": (paraphrase, ("0", "1", "1")),
    "QQP": (duplicate_question, ("0", "1")),
    "MNLI": (inference, ("contradiction", "entailment", "neutral")),
    "QNLI": (answer, ("entailment", "not_entailment")),
    "RTE": (weaker_claim, ("entailment", "not_entailment")),
    "WNLI": (pronoun, ("0", "1")),
    "AX": (inference, ("contradiction", "entailment", "neutral")),
}


def make_examples(
    task: str, statements: Sequence[Statement], rng: Random
) -> list[Example]:
    """One example of each statement, labels dealt out evenly, in the statements' order.

    Beside each stands the next one with another subject, for unrelated sentences.
    """
    pairs = [
        (statement, _next_unlike(statements, place))
        for place, statement in enumerate(statements)
    ]
    if task == "STS-B":
        shares = [i / (len(pairs) - 1) for i in range(len(pairs))]
        rng.shuffle(shares)
        return [
            similarity(rng, *pair, share)
            for pair, share in zip(pairs, shares, strict=True)
        ]
    rule, proportion = RULES[task]
    labels = [proportion[i % len(proportion)] for i in range(len(pairs))]
    rng.shuffle(labels)
    return [
        Example(rule(rng, *pair, label), label)
        for pair, label in zip(pairs, labels, strict=True)
    ]


def _next_unlike(statements: Sequence[Statement], place: int) -> Statement:
    following = (*statements[place + 1 :], *statements[:place])
    subject = statements[place].subject
    return next(other for other in following if other.subject != subject)
