"""The yardstick is taken from the registry's rows of BERT-Large."""

from dataclasses import replace

from suite.published import TableColumn, load_published
from suite.whole_word_effect import published_effect


def test_the_differences_are_those_of_the_printed_table():
    """google-research/bert's README: 86.05, 87.07; 86.09, 86.46; F1 91.0, 92.8."""
    found = published_effect()
    assert (found.uncased, found.cased, found.squad_f1) == (1.02, 0.37, 1.8)
    assert "google-research/bert README.md" in found.source


def test_they_follow_the_registry():
    registry = dict(load_published())
    column = TableColumn("MNLI", "accuracy", "not stated")
    key = ("BERT-Large, Cased (Whole Word Masking)", column)
    registry[key] = replace(registry[key], value=80.0)
    assert published_effect(registry).cased == -6.09
