"""Words of a context, those an answer touches, and what is trained on."""

import random

import pytest

from reference.squad_examples import (
    SpanAnswer,
    SpanExample,
    answer_words,
    context_words,
    training_examples,
)

NO_BREAK, NARROW_NO_BREAK = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def asked(context: str, text: str, start: int, name: str = "q") -> SpanExample:
    return SpanExample(name, "?", context, (SpanAnswer(text, start),))


def test_words_are_cut_at_five_characters():
    context = f" a\tb\r\nc{NARROW_NO_BREAK}d{NO_BREAK}e\vf "
    assert context_words(context) == ["a", "b", "c", f"d{NO_BREAK}e\vf"]
    assert context_words(" \n") == context_words("") == []


@pytest.mark.parametrize(
    ("context", "text", "start", "words"),
    [
        ("one two three", "one", 0, (0, 0)),
        ("one two three", "three", 8, (2, 2)),
        ("one two three", "one two three", 0, (0, 2)),
        ("(1895-1943).", "1895", 1, (0, 0)),
        ("one  two three", "two\tthree", 5, (1, 2)),  # its white space as one space
        ("one two", " two", 3, (0, 1)),  # a space belongs to the word before it
        ("one two", "tow", 4, None),
        ("one two three", "two", 8, None),  # stands elsewhere
        (f"one{NO_BREAK}two", f"one{NO_BREAK}two", 0, None),
        (f"one{NARROW_NO_BREAK}two", f"one{NARROW_NO_BREAK}two", 0, (0, 1)),
        ("  one", " one", 1, (0, 0)),  # before the first word is the last one,
        ("  one two", " one", 1, None),  # which here is another
        ("  ", "one", 0, None),
    ],
)
def test_answer_words(context, text, start, words):
    assert answer_words(asked(context, text, start)) == words


def by_characters(example):
    """The same, told from the word that each character is of."""
    (answer,) = example.answers
    word_of, in_word, count = [], False, 0
    for character in example.context:
        is_blank = character in (" ", "\t", "\r", "\n", NARROW_NO_BREAK)
        count += not is_blank and not in_word
        in_word = not is_blank
        word_of.append(count - 1)
    first = word_of[answer.start]
    last = word_of[answer.start + len(answer.text) - 1]
    words = context_words(example.context)
    if " ".join(answer.text.split()) not in " ".join(words[first : last + 1]):
        return None
    return range(len(words))[first], last


@pytest.mark.parametrize("seed", range(100))
def test_equals_a_look_at_each_character(seed):
    rng = random.Random(seed)
    characters = ["a", "b", " ", "\t", NO_BREAK, NARROW_NO_BREAK]
    for _ in range(30):
        context = "".join(rng.choices(characters, k=rng.randint(1, 12)))
        start = rng.randrange(len(context))
        text = context[start : rng.randint(start + 1, len(context))]
        if text.strip():
            example = asked(context, text, start)
            assert answer_words(example) == by_characters(example)


def test_one_answer_is_needed():
    example = SpanExample("id7", "?", "a b", (SpanAnswer("a", 0), SpanAnswer("b", 2)))
    with pytest.raises(ValueError, match=r"question id7: expected one answer.*found 2"):
        answer_words(example)


def test_what_cannot_be_recovered_is_dropped_and_then_shuffled():
    good = [asked("one two", "two", 4, str(i)) for i in range(8)]
    bad = asked("one two", "tow", 4, "bad")
    trained = training_examples([*good[:3], bad, *good[3:]])
    # random.Random(12345).shuffle of 0 to 7.
    assert [example.id for example in trained] == ORDER
    assert training_examples(good) == trained
    assert training_examples(good, seed=1) != trained
    assert good[0].id == "0"  # what was given stays in its order


ORDER = list("31742056")
