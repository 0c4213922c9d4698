"""The check of pre-training records: sound ones pass, every kind of damage is named."""

import functools
import json
import random
import re
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from reference.errors import InputError
from reference.instances import (
    FEATURES,
    InstanceSettings,
    as_arrays,
    create_training_instances,
)
from reference.masking import MaskingScheme
from reference.oddities import Oddity
from reference.tfrecords import read_blocks, write_tfrecords
from reference.tokenization import SPECIAL_TOKENS, Tokenizer
from suite import record_check
from suite.masking_findings import replacement_findings
from suite.record_check import check_records
from suite.record_findings import CONFIDENCE, RULES, Summary

LETTERS = "abcdefgh"
VOCAB = [*SPECIAL_TOKENS, "[unused0]", "[unused1]", *LETTERS]
VOCAB += [f"##{letter}" for letter in LETTERS]
TOKENIZER = Tokenizer(VOCAB)
CONTINUES = TOKENIZER.is_continuation
SETTINGS = {"max_seq_length": 48, "max_predictions_per_seq": 7, "dupe_factor": 6}
# Every line that names a kind of hidden token, by what it is called here.
FATES = {
    "masked": "hidden tokens that became [MASK]",
    "kept": "hidden tokens that were kept",
    "random": "hidden tokens that became another piece",
}
BUDGET, CONTINUATIONS = "predictions a sequence", "## pieces among hidden tokens"
WHOLE = "words of several pieces, one hidden, that are hidden whole"
LABELS = "next-sentence labels that are 1 (random)"
REPEATS = "records that repeat another, masks included"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Sentences of words of one to three pieces, in documents."""
    rng = random.Random(0)

    def sentence():
        lengths = rng.choices([1, 2, 3], [6, 3, 1], k=rng.randint(4, 9))
        return " ".join("".join(rng.choices(LETTERS, k=n)) for n in lengths)

    documents = ["\n".join(sentence() for _ in range(9)) for _ in range(50)]
    path = tmp_path_factory.mktemp("corpus") / "text.txt"
    path.write_text("\n\n".join(documents))
    return path


@pytest.fixture(scope="module")
def made(corpus):
    """Sound records by masking scheme; do not write to them."""
    arrays = {}
    for masking in MaskingScheme:
        settings = InstanceSettings(masking=masking, **SETTINGS)
        instances = create_training_instances([corpus], TOKENIZER, settings)
        arrays[str(masking)] = as_arrays(instances, settings)
    return arrays


@pytest.fixture
def arrays(made):
    """A copy of sound WordPiece records, to be damaged."""
    return {name: array.copy() for name, array in made["wordpiece"].items()}


@pytest.fixture
def check(tmp_path):
    """Writes arrays to a file and checks it."""

    def run(arrays, tokenizer=TOKENIZER):
        path = tmp_path / "records.tfrecord"
        write_tfrecords([path], arrays)
        return check_records([path], tokenizer)

    return run


def off(result):
    """The notes of the lines that are off, by name."""
    return {line.name: line.note for line in result.lines if line.status == "off"}


def line(result, name):
    return next(line for line in result.lines if line.name == name)


def restored(arrays):
    """The sequences before masking, by a plain loop."""
    rows = arrays["input_ids"].tolist()
    for row, positions, labels, weights in zip(
        rows,
        arrays["masked_lm_positions"].tolist(),
        arrays["masked_lm_ids"].tolist(),
        arrays["masked_lm_weights"].tolist(),
        strict=True,
    ):
        for position, label, weight in zip(positions, labels, weights, strict=True):
            if weight:
                row[position] = label
    return rows


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


# Sound records


@pytest.mark.parametrize("masking", MaskingScheme)
def test_nothing_is_off_in_what_is_made_here(made, check, masking):
    result = check(made[masking])
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
def test_nothing_is_off_without_an_oddity(corpus, check, masking, oddity):
    settings = InstanceSettings(masking=masking, without=(oddity,), **SETTINGS)
    instances = create_training_instances([corpus], TOKENIZER, settings)
    result = check(as_arrays(instances, settings))
    assert off(result) == {}
    assert result.masking == masking


@pytest.mark.parametrize("masking", MaskingScheme)
def test_counts_equal_a_plain_loop(made, check, masking):
    arrays = made[masking]
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


def test_words_glued_across_sep_are_told(made, check):
    name = "second segments that begin inside a word"
    whole_word = line(check(made["whole-word"]), name).numbers
    assert whole_word["touched"] == whole_word["together"] > 0
    wordpiece = line(check(made["wordpiece"]), name).numbers
    assert wordpiece["touched"] > wordpiece["together"]


def test_replacements_drawn_once_a_word_are_noted(made, check):
    arrays = {name: array.copy() for name, array in made["whole-word"].items()}
    name = "hidden neighbours in a word that fared alike"
    assert line(check(arrays), name).note == ""
    for row, mask in zip(restored(arrays), arrays["input_ids"], strict=True):
        for position in range(1, len(row)):
            if CONTINUES[row[position]] and mask[position - 1] == TOKENIZER.mask_id:
                mask[position] = TOKENIZER.mask_id
    assert "drawn once for a word" in line(check(arrays), name).note


# False alarms, and power


def replacement_summary(counts):
    counts = Counter(counts)
    counts["hidden"] = counts["masked"] + counts["kept"] + counts["random"]
    return Summary(
        [],
        {},
        counts,
        Counter(),
        {},
        0,
        0,
        vocab_size=30522,
        special_size=999,
        masked_lm_prob=0.15,
    )


def alarms(probabilities, number, seed):
    drawn = np.random.default_rng(seed).multinomial(number, probabilities).tolist()
    summary = replacement_summary(dict(zip(FATES, drawn, strict=True)))
    return [f.name for f in replacement_findings(summary) if f.status == "off"]


@pytest.mark.parametrize("number", [30, 1000, 30_000])
def test_shares_raise_no_false_alarm_beyond_chance(number):
    seeds = 300
    alarmed = sum(bool(alarms((0.8, 0.1, 0.1), number, s)) for s in range(seeds))
    # Three intervals, each of which may miss that often; the margin is left out.
    assert alarmed <= binom.ppf(0.999, seeds, 3 * (1 - CONFIDENCE))


def test_two_percent_of_random_words_are_always_noticed():
    for seed in range(100):
        wrong = alarms((0.8, 0.18, 0.02), 2000, seed)
        assert wrong == [FATES["kept"], FATES["random"]]


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


def test_a_few_records_are_not_judged_by_chance(made, check):
    """One record: labels all equal, perhaps no ## piece, no [MASK]."""
    for index in range(30):
        one = {
            name: array[index : index + 1] for name, array in made["whole-word"].items()
        }
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
    said = next(
        text for text in map(str, check(with_labels(1)(arrays)).lines) if LABELS in text
    )
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
