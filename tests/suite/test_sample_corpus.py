"""Prose out of docstrings, and a vocabulary that is the same in every process."""

import pytest

from suite.sample_corpus import (
    SPECIAL_PIECES,
    Document,
    corpus_text,
    prose_sentences,
    read_documents,
    train_vocabulary,
)

DOCSTRING = """
    Compute the ``mean`` of `values` along an axis. See :func:`~pkg.total` for sums.

    The result, *not* the input, is **changed**: it is divided by the
    number of rows (see [1]_ for details). Is the mean exact here?

    Parameters
    ----------
    values : array_like, shape (n, m)
        The numbers whose mean is wanted.
    axis : {0, 1}, optional
        Use `the guide <https://example.org/guide>`_ to choose one.

    .. note::
        This directive is left out of the sentences.

    ==== ===========
    Axis Meaning here
    ==== ===========

    An example follows here::

        This block is not prose at all.

    After the block comes more prose.

    >>> print("This is code and not a sentence.")
    This is output and not a sentence.

    The error is below $10^{-3}$ in all cases. It equals a_b + c for x.y only.
"""


def test_prose_is_what_remains():
    assert prose_sentences(DOCSTRING) == [
        "Compute the mean of values along an axis.",
        "See total for sums.",
        "The result, not the input, is changed: it is divided by the number of "
        "rows (see for details).",
        "Is the mean exact here?",
        "The numbers whose mean is wanted.",
        "Use the guide to choose one.",
        "After the block comes more prose.",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short here.",
        "no capital at the start of it.",
        "No end mark at the end of it",
        "It opens (a parenthesis and never closes it.",
        "Arrays x1 y2 z3 are names, w4 too.",
        " ".join(["Long", *["word"] * 39, "end."]),
    ],
)
def test_what_is_no_sentence_is_left_out(sentence):
    assert prose_sentences(sentence) == []


def test_documents_of_a_package_are_read_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "speech"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text('raise RuntimeError("imported")\n')
    (package / "b.py").write_text(
        '"""Module b comes last.\n\nIt has two sentences. It has three sentences."""\n'
    )
    (package / "a.py").write_text(
        "class Speaker:\n"
        "    def speak(self):\n"
        '        r"""It says \\d one thing.\n\n'
        "        It says a second thing. It says a third thing.\n"
        '        It says a fourth thing. It has two sentences."""\n'
    )
    (package / "tests" / "c.py").write_text('"""A b c d e. F g h i j. K l m n o."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    documents = read_documents(["speech"])
    assert documents == [
        Document(
            "speech",
            (
                "It says a second thing.",
                "It says a third thing.",
                "It says a fourth thing.",
                "It has two sentences.",
            ),
        )
    ]  # module b: one of its sentences is known, two are too few
    assert corpus_text(documents * 2).split("\n\n")[0].count("\n") == 3


def test_ties_between_pairs_do_not_unsettle_the_vocabulary():
    """Each word occurs once, so that every merge is a tie."""
    text = "\n".join(
        f"{a}{b}{c} {c}{a}" for a in "abcd" for b in "efgh" for c in "ijkl"
    )
    first = train_vocabulary(text, 60)
    assert first[:5] == list(SPECIAL_PIECES)
    assert len(first) == 60
    assert all(train_vocabulary(text, 60) == first for _ in range(20))
