"""Text to words with their characters kept: what comes before word pieces.

Source: BasicTokenizer in tokenization.py of google-research/bert. Answers are found
again in their context by it (reference/squad_answers.py). Word pieces come from
reference/tokenization.py, where the same is done in Rust on whole corpora.
"""

import functools
import string
import unicodedata

_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def basic_words(text: str, lower_case: bool) -> list[str]:
    """Words, punctuation marks and CJK characters, each apart.

    Control characters are dropped; with `lower_case` capitals and accents as well.
    """
    words = []
    for word in "".join(map(_cleaned, text)).split():
        if lower_case:
            word = _without_accents(word.lower())
        words += "".join(map(_set_apart, word)).split()
    return words


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


@functools.cache
def _cleaned(character: str) -> str:
    """What is left of a character: nothing, a space, itself, or itself set apart."""
    category = unicodedata.category(character)
    if character in "\t\n\r" or category == "Zs":
        return " "
    if category in ("Cc", "Cf") or character == "\N{REPLACEMENT CHARACTER}":
        return ""
    if any(first <= ord(character) <= last for first, last in _CJK):
        return f" {character} "
    return character


@functools.cache
def _set_apart(character: str) -> str:
    """Punctuation between spaces; as such count all ASCII marks, "$" and "^" too."""
    category = unicodedata.category(character)
    if character in string.punctuation or category.startswith("P"):
        return f" {character} "
    return character
