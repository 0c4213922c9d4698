"""Damaged pre-training records: every kind is named, with what likely caused it."""

import random
import re

import numpy as np
import pytest

from reference.tfrecords import write_tfrecords
from suite.record_check import check_records
from suite.record_findings import RULES
from tests.suite.checked_records import (
    BUDGET,
    CONTINUATIONS,
    CONTINUES,
    FATES,
    LABELS,
    REPEATS,
    TOKENIZER,
    VOCAB,
    line,
    off,
    restored,
)


def masked_anew(arrays, may_hide=lambda token: True, fates=(0.8, 0.1, 0.1)):
    """The same sequences with other tokens hidden: up to 7 of those that may be."""
    rng = random.Random(1)
    specials = {TOKENIZER.cls_id, TOKENIZER.sep_id, TOKENIZER.pad_id}
    slots = arrays["masked_lm_ids"].shape[1]
    names = ("input_ids", "masked_lm_positions", "masked_lm_ids", "masked_lm_weights")
    columns = {name: [] for name in names}
    for row in restored(arrays):
        open_to = [p for p, t in enumerate(row) if t not in specials and may_hide(t)]
        positions = sorted(rng.sample(open_to, min(slots, len(open_to))))
        labels = [row[position] for position in positions]
        for position in positions:
            others = TOKENIZER.mask_id, row[position], rng.randrange(len(VOCAB))
            row[position] = rng.choices(others, fates)[0]
        padding = [0] * (slots - len(positions))
        values = row, positions + padding, labels + padding
        values = (*values, [1.0] * len(positions) + padding)
        for name, value in zip(names, values, strict=True):
            columns[name].append(value)
    dtypes = {name: arrays[name].dtype for name in names}
    return {**arrays, **{n: np.array(columns[n], dtypes[n]) for n in names}}


def test_fewer_random_next_sentences_than_half_are_off(arrays, check):
    arrays["next_sentence_labels"][:] = np.arange(len(arrays["input_ids"]))[:, None] % 5
    arrays["next_sentence_labels"] //= 4
    found = line(check(arrays), LABELS)
    assert (found.status, found.note[:5]) == ("off", "Fewer")


# Damage: how it is made, which lines are off, and what is said


def with_labels(label):
    def damage(arrays):
        arrays["next_sentence_labels"][:] = label
        return arrays

    return damage


def with_fates(*fates):
    return lambda arrays: masked_anew(arrays, fates=fates)


def nothing_hidden(arrays):
    unmasked = masked_anew(arrays, may_hide=lambda token: False)
    # One of each: without masks, a text gone through twice is twice the same.
    _, first = np.unique(unmasked["input_ids"], axis=0, return_index=True)
    return {name: array[first] for name, array in unmasked.items()}


def repeated(arrays):
    return {name: np.concatenate([array, array[::9]]) for name, array in arrays.items()}


ODD = {
    "labels all 1": (with_labels(1), {LABELS: "labels are 1: .* one line each"}),
    "labels all 0": (with_labels(0), {LABELS: "labels are 0: .* never"}),
    "2 % random": (
        with_fates(0.8, 0.18, 0.02),
        {FATES["kept"]: "0.1 and 0.9", FATES["random"]: "0.1 and 0.9"},
    ),
    "none random": (
        with_fates(0.8, 0.2, 0.0),
        {FATES["kept"]: "in halves", FATES["random"]: "left out"},
    ),
    "no [MASK] at all": (
        with_fates(0.0, 0.0, 1.0),
        {
            FATES["masked"]: "was likely not used",
            FATES["kept"]: "not split",
            FATES["random"]: "not split",
        },
    ),
    "only ## pieces": (
        lambda arrays: masked_anew(arrays, lambda token: CONTINUES[token]),
        {CONTINUATIONS: "Masks inside words only"},
    ),
    "no ## pieces": (
        lambda arrays: masked_anew(arrays, lambda token: not CONTINUES[token]),
        {CONTINUATIONS: "Masks on first pieces only"},
    ),
    "nothing hidden": (nothing_hidden, {BUDGET: "Nothing is hidden"}),
    "repeated": (repeated, {REPEATS: "given twice"}),
}


def test_masking_anew_as_the_original_does_is_not_off(arrays, check):
    """So that it is the damage that is found below, not the way it is done."""
    assert off(check(masked_anew(arrays))) == {}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_said_and_nothing_else(arrays, check, name):
    damage, wanted = ODD[name]
    result = check(damage(arrays))
    assert result.is_off
    found = off(result)
    assert found.keys() == wanted.keys()
    for line_name, words in wanted.items():
        assert re.search(words, found[line_name])


# Structure: one rule broken in a record, at a text position that is not predicted


def hole_in_mask(arrays, index, position):
    for name in ("input_ids", "input_mask", "segment_ids"):
        arrays[name][index, position] = 0


def set_to(name, value):
    def damage(arrays, index, position):
        arrays[name][index, position] = value

    return damage


def padding_with_another_id(arrays, index, position):
    arrays["input_ids"][index, -1] = 3


def no_cls(arrays, index, position):
    arrays["input_ids"][index, 0] = 9


def no_last_sep(arrays, index, position):
    arrays["input_ids"][index, arrays["input_mask"][index].sum() - 1] = 9


def unsorted(arrays, index, position):
    for name in ("masked_lm_positions", "masked_lm_ids"):
        arrays[name][index, :2] = arrays[name][index, 1::-1].copy()


def predicted(position, label):
    def damage(arrays, index, _):
        arrays["masked_lm_positions"][index, 0] = position
        arrays["masked_lm_ids"][index, 0] = label

    return damage


def weight(slot, value):
    def damage(arrays, index, position):
        arrays["masked_lm_weights"][index, slot] = value

    return damage


def label_of_a_prediction(arrays, index, position):
    arrays["masked_lm_ids"][index, 0] = -1


def next_sentence_label(arrays, index, position):
    arrays["next_sentence_labels"][index] = 2


BREAKS = [
    ("input_mask", hole_in_mask),
    ("input_mask", set_to("input_mask", 2)),
    ("input_ids", padding_with_another_id),
    ("segment_ids", set_to("segment_ids", 1)),
    ("segment_ids", set_to("segment_ids", 2)),
    ("special tokens", no_cls),
    ("special tokens", no_last_sep),
    ("masked_lm_positions", unsorted),
    ("masked_lm_positions", predicted(0, TOKENIZER.cls_id)),
    ("masked_lm_positions", predicted(-1, 9)),
    ("masked_lm_positions", predicted(10**6, 9)),
    ("masked_lm_weights", weight(0, 0)),
    ("masked_lm_weights", weight(0, 0.5)),
    ("vocabulary", set_to("input_ids", len(VOCAB))),
    ("vocabulary", set_to("input_ids", -5)),
    ("vocabulary", label_of_a_prediction),
    ("next_sentence_labels", next_sentence_label),
]


def test_every_rule_is_broken_once():
    assert {rule for rule, _ in BREAKS} == set(RULES)


@pytest.mark.parametrize(("rule", "damage"), BREAKS)
def test_a_broken_rule_is_said_with_its_first_record(tmp_path, arrays, rule, damage):
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    length = arrays["input_mask"].sum(axis=1)
    is_fit = (length < 48) & (arrays["masked_lm_weights"].sum(axis=1) >= 2)
    is_fit &= np.arange(len(length)) % 2 == 1  # these go to the second file
    broken = np.flatnonzero(is_fit)[[3, 8, 9]]
    for index in broken:
        positions = arrays["masked_lm_positions"][index]
        damage(arrays, index, next(p for p in range(1, 9) if p not in positions))
    write_tfrecords(paths, arrays)
    result = check_records(paths, TOKENIZER)
    assert off(result).keys() == {rule}
    found = line(result, rule)
    assert found.numbers == {
        "broken": 3,
        "file": str(paths[1]),
        "record": broken[0] // 2,
    }
    assert f"record {broken[0] // 2} of {paths[1]}" in found.note
    assert found.note.startswith(f"3 of {len(length):,} (")
