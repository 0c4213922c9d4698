"""The check of pre-training records: sound ones pass, and counts are true."""

import functools
import json
import re
from collections import Counter

import numpy as np
import pytest

from reference.errors import InputError
from reference.instances import FEATURES, InstanceSettings
from reference.masking import MaskingScheme
from reference.oddities import Oddity
from reference.tfrecords import read_blocks, write_tfrecords
from reference.tokenization import Tokenizer
from suite import record_check
from suite.record_check import check_records
from tests.suite.checked_records import (
    BUDGET,
    CONTINUATIONS,
    CONTINUES,
    FATES,
    LABELS,
    REPEATS,
    SETTINGS,
    TOKENIZER,
    VOCAB,
    WHOLE,
    line,
    made_with,
    off,
    restored,
    sound,
)

# Sound records


@pytest.mark.parametrize("masking", MaskingScheme)
def test_nothing_is_off_in_what_is_made_here(check, masking):
    result = check(sound(masking))
    assert off(result) == {}
    assert not result.is_off
    assert result.masking == masking


GOLDENS = ("edge", "one_document", "sample", "tight_budget")


@pytest.mark.parametrize("text", GOLDENS)
@pytest.mark.parametrize("masking", ["wordpiece", "whole_word"])
def test_nothing_is_off_in_the_original_records(shared, check, text, masking):
    tokenizer = Tokenizer.from_file(shared / "data/vocab/uncased/vocab.txt")
    path = shared / f"goldens/instances/{text}_{masking}.0.npz"
    with np.load(path) as arrays:
        result = check(dict(arrays), tokenizer)
    assert off(result) == {}
    assert result.masking == masking.replace("_", "-")


@pytest.mark.parametrize("masking", MaskingScheme)
@pytest.mark.parametrize("oddity", Oddity)
def test_nothing_is_off_without_an_oddity(check, masking, oddity):
    settings = InstanceSettings(masking=masking, without=(oddity,), **SETTINGS)
    result = check(made_with(settings))
    assert off(result) == {}
    assert result.masking == masking


@pytest.mark.parametrize("masking", MaskingScheme)
def test_counts_equal_a_plain_loop(check, masking):
    arrays = sound(masking)
    wanted = Counter()
    for index, row in enumerate(restored(arrays)):
        words, hidden = [], set()
        weights = arrays["masked_lm_weights"][index]
        for position in arrays["masked_lm_positions"][index][weights > 0].tolist():
            hidden.add(position)
            shown = arrays["input_ids"][index, position]
            if shown == TOKENIZER.mask_id:
                wanted["masked"] += 1
            else:
                wanted["kept" if shown == row[position] else "random"] += 1
        length = arrays["input_mask"][index].sum()
        previous_is_text = False
        for position, token in enumerate(row[:length]):
            is_text = token not in (TOKENIZER.cls_id, TOKENIZER.sep_id)
            if is_text and previous_is_text and CONTINUES[token]:
                words[-1].append(position)
            elif is_text:
                words.append([position])
            previous_is_text = is_text
        for word in words:
            is_touched = len(word) > 1 and hidden.intersection(word)
            wanted["touched"] += bool(is_touched)
            wanted["whole"] += bool(is_touched and hidden.issuperset(word))
        wanted["continuations"] += sum(CONTINUES[row[p]] for p in hidden)
        wanted["predictions"] += len(hidden)
    result = check(arrays)
    for fate, name in FATES.items():
        assert line(result, name).numbers["count"] == wanted[fate]
    whole = line(result, WHOLE).numbers
    assert (whole["count"], whole["of"]) == (wanted["whole"], wanted["touched"])
    hidden = line(result, CONTINUATIONS).numbers
    assert hidden["count"] == wanted["continuations"]
    mean = wanted["predictions"] / len(arrays["input_ids"])
    assert line(result, BUDGET).numbers["mean"] == pytest.approx(mean)
    # What the original aims at is what it does where no word has to be passed over.
    if masking == "wordpiece":
        assert line(result, BUDGET).numbers["mean_of_original"] == pytest.approx(mean)


def test_words_glued_across_sep_are_told(check):
    name = "second segments that begin inside a word"
    whole_word = line(check(sound("whole-word")), name).numbers
    assert whole_word["touched"] == whole_word["together"] > 0
    wordpiece = line(check(sound("wordpiece")), name).numbers
    assert wordpiece["touched"] > wordpiece["together"]


def test_replacements_drawn_once_a_word_are_noted(check):
    arrays = sound("whole-word")
    name = "hidden neighbours in a word that fared alike"
    assert line(check(arrays), name).note == ""
    for row, mask in zip(restored(arrays), arrays["input_ids"], strict=True):
        for position in range(1, len(row)):
            if CONTINUES[row[position]] and mask[position - 1] == TOKENIZER.mask_id:
                mask[position] = TOKENIZER.mask_id
    assert "drawn once for a word" in line(check(arrays), name).note


# Files


def test_two_files_and_small_blocks_are_as_one(tmp_path, arrays, check, monkeypatch):
    whole = check(arrays)
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    write_tfrecords(paths, arrays)
    small = functools.partial(read_blocks, records=7)
    monkeypatch.setattr(record_check, "read_blocks", small)
    calls = []
    parts = check_records(
        paths, TOKENIZER, progress=lambda *counts: calls.append(counts)
    )
    first, second = whole.lines[0], parts.lines[0]
    assert (first.numbers["files"], second.numbers["files"]) == (1, 2)
    for one, other in zip(whole.lines[1:], parts.lines[1:], strict=True):
        assert one == other
    records = len(arrays["input_ids"])
    assert calls[0] == (7, records)
    assert calls[-1] == (records, records)
    assert calls == sorted(calls)


def test_lengths_that_disagree_are_said(tmp_path, arrays):
    paths = [tmp_path / "1.tfrecord", tmp_path / "2.tfrecord"]
    half = len(arrays["input_ids"]) // 2
    write_tfrecords(paths[:1], {name: array[:half] for name, array in arrays.items()})
    wider = {name: array[half:] for name, array in arrays.items()}
    for name in ("input_ids", "input_mask", "segment_ids"):
        wider[name] = np.pad(wider[name], ((0, 0), (0, 16)))
    write_tfrecords(paths[1:], wider)
    result = check_records(paths, TOKENIZER)
    assert off(result).keys() == {"lengths"}
    note = off(result)["lengths"]
    assert f"{paths[0]} has 48 tokens and 7 predictions" in note
    assert f"{paths[1]} has 64 tokens and 7 predictions" in note


def test_lengths_that_disagree_in_a_record(arrays, check):
    arrays["input_mask"] = arrays["input_mask"][:, :-1]
    wanted = r"records\.tfrecord: lengths that disagree.* 48 of input_ids, 47 of"
    with pytest.raises(InputError, match=wanted):
        check(arrays)


def test_a_record_of_two_labels(arrays, check):
    arrays["next_sentence_labels"] = np.zeros((len(arrays["input_ids"]), 2), np.int32)
    with pytest.raises(InputError, match="one number in a record, found 2 of next_"):
        check(arrays)


def test_names_of_tensorflow_models(arrays, check):
    wanted = check(arrays)
    arrays["input_word_ids"] = arrays.pop("input_ids")
    arrays["input_type_ids"] = arrays.pop("segment_ids")
    arrays["masked_lm_weights"] = arrays["masked_lm_weights"].astype(np.int32)
    assert check(arrays) == wanted


@pytest.mark.parametrize(
    "name",
    FEATURES,
)
def test_a_missing_feature_is_named(arrays, check, name):
    del arrays[name]
    with pytest.raises(InputError, match=rf"records\.tfrecord: .*the feature {name}, "):
        check(arrays)


def test_no_records(tmp_path, arrays):
    empty, full = tmp_path / "empty.tfrecord", tmp_path / "full.tfrecord"
    empty.touch()
    with pytest.raises(InputError, match=r"empty\.tfrecord: expected at least one"):
        check_records([empty], TOKENIZER)
    with pytest.raises(InputError, match="at least one record"):
        check_records([], TOKENIZER)
    write_tfrecords([full], arrays)
    twice = check_records([full, full], TOKENIZER)
    assert twice.lines[0].value.endswith("in 2 files")
    assert off(twice).keys() == {REPEATS}
    records = check_records([full, empty], TOKENIZER).lines[0]
    assert records.value.endswith("in 2 files, 1 of them empty")


def test_a_few_records_are_not_judged_by_chance(check):
    """One record: labels all equal, perhaps no ## piece, no [MASK]."""
    arrays = sound("whole-word")
    for index in range(30):
        one = {name: array[index : index + 1] for name, array in arrays.items()}
        assert off(check(one)) == {}


def test_records_without_text(check):
    """Nothing to count is no error."""
    empty = {name: np.zeros((2, 4), np.int32) for name in ("input_ids", "input_mask")}
    empty["segment_ids"] = np.zeros((2, 4), np.int32)
    for name in ("masked_lm_positions", "masked_lm_ids"):
        empty[name] = np.zeros((2, 1), np.int32)
    empty["masked_lm_weights"] = np.zeros((2, 1), np.float32)
    empty["next_sentence_labels"] = np.zeros((2, 1), np.int32)
    result = check(empty)
    assert off(result).keys() == {BUDGET, REPEATS, "input_mask", "special tokens"}
    assert result.masking is None
    json.dumps(result.as_dict(), allow_nan=False)


def test_another_vocabulary(arrays, check):
    shifted = Tokenizer(["[unused2]", *VOCAB])
    found = off(check(arrays, shifted))
    assert "--vocab" in found["special tokens"]
    assert "--vocab is not" in found[FATES["masked"]]
    assert "--vocab" in off(check(arrays, Tokenizer(VOCAB[:-3])))["vocabulary"]


def test_a_line_as_text(arrays, check):
    lines = [str(one) for one in check(arrays).lines]
    records = len(arrays["input_ids"])
    assert lines[:2] == [
        f"–   records: {records:,} in 1 file",
        "ok  lengths: 48 tokens and 7 predictions (original: one for all files)",
    ]
    arrays["next_sentence_labels"][:] = 1
    said = str(line(check(arrays), LABELS))
    assert re.fullmatch(
        r"off next-.*: 100\.00 % \[\d\d\.\d\d, 100\.00\] \(original: 50 %.*\)\. All .*",
        said,
    )


def test_as_dict_is_json(arrays, check):
    result = check(arrays)
    same = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert same["is_off"] is False
    assert same["masking"] == "wordpiece"
    assert [one["name"] for one in same["lines"]] == [one.name for one in result.lines]
    share = next(one for one in same["lines"] if one["name"] == FATES["masked"])
    assert share["numbers"]["low"] < 0.8 < share["numbers"]["high"]
