"""Instances: equal to the original's records, and properties over seeds."""

import json
import random

import numpy as np
import pytest

from reference.errors import InputError
from reference.fast_instances import create_instance_table
from reference.instances import (
    FEATURES,
    InstanceSettings,
    as_arrays,
    create_training_instances,
    digest,
    next_sentence_pairs,
    truncate_pair,
)
from reference.masking import MaskingScheme
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

TEXTS = [
    *("sample", "edge", "one_document", "tight_budget"),
    *("fiction", "fiction_long", "fiction_cased"),
]
CASES = [f"{text}_{scheme}" for text in TEXTS for scheme in ("wordpiece", "whole_word")]
TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *"abcdefgh", *(f"##{c}" for c in "abcdefgh")])
TEXT = "abc de\nfgh a b\n\nc\n\nhh gg ff ee dd cc bb aa\nab ab\n"


@pytest.fixture(scope="module")
def tokenizers(shared):
    return {
        casing: Tokenizer.from_file(
            shared / "data/vocab" / casing / "vocab.txt", casing == "uncased"
        )
        for casing in ("uncased", "cased")
    }


@pytest.fixture(scope="module")
def manifest(shared):
    return json.loads((shared / "goldens/instances/manifest.json").read_text())


def test_every_golden_is_tested(manifest):
    assert sorted(manifest) == sorted(CASES)


def plainly(texts, tokenizer, settings):
    return as_arrays(create_training_instances(texts, tokenizer, settings), settings)


def compiled(texts, tokenizer, settings):
    return create_instance_table(texts, tokenizer, settings).features()


@pytest.mark.parametrize("make", [plainly, compiled])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_original_records(shared, manifest, tokenizers, name, make):
    case = manifest[name]
    settings = InstanceSettings(
        max_seq_length=case["max_seq_length"],
        max_predictions_per_seq=case["max_predictions_per_seq"],
        masked_lm_prob=case["masked_lm_prob"],
        short_seq_prob=case["short_seq_prob"],
        dupe_factor=case["dupe_factor"],
        masking="whole-word" if case["do_whole_word_mask"] else "wordpiece",
        seed=case["random_seed"],
    )
    texts = [shared / "goldens/text" / file for file in case["input_files"]]
    features = make(texts, tokenizers[case["vocab"]], settings)
    num_outputs = len(case["outputs"])
    for index, output in enumerate(case["outputs"]):
        arrays = {name: array[index::num_outputs] for name, array in features.items()}
        assert len(arrays["input_ids"]) == output["num_instances"]
        stored = shared / f"goldens/instances/{name}.{index}.npz"
        if stored.exists():  # says where the difference is; the digest only that
            with np.load(stored) as original:
                for feature in FEATURES:
                    np.testing.assert_array_equal(arrays[feature], original[feature])
        assert digest(arrays) == output["sha256"]


def test_segment_ids_agree_with_the_arrays(corpus):
    settings = InstanceSettings(max_seq_length=16, max_predictions_per_seq=4)
    instances = create_training_instances([corpus(TEXT)], TOKENIZER, settings)
    arrays = as_arrays(instances, settings)
    for row, instance in enumerate(instances):
        length = len(instance.token_ids)
        assert arrays["segment_ids"][row, :length].tolist() == instance.segment_ids
        assert not arrays["segment_ids"][row, length:].any()
    assert {name: array.dtype for name, array in arrays.items()} == FEATURES


def test_arrays_of_no_instance_have_their_shapes():
    arrays = as_arrays([], InstanceSettings())
    assert [array.shape for array in arrays.values()] == [
        *[(0, 128)] * 3,
        *[(0, 20)] * 3,
        (0, 1),
    ]


@pytest.mark.parametrize("seed", range(100))
def test_properties(corpus, seed):
    rng = random.Random(seed)
    settings = InstanceSettings(
        max_seq_length=rng.randint(5, 24),
        max_predictions_per_seq=rng.randint(1, 6),
        short_seq_prob=rng.random(),
        dupe_factor=rng.randint(1, 3),
        masking=rng.choice(list(MaskingScheme)),
        seed=seed,
    )
    path = corpus(TEXT)
    instances = create_training_instances([path], TOKENIZER, settings)
    again = create_training_instances([path], TOKENIZER, settings)
    assert instances == again
    for instance in instances:
        assert 5 <= len(instance.token_ids) <= settings.max_seq_length
        token_ids = np.array(instance.token_ids)
        token_ids[instance.masked_lm_positions] = instance.masked_lm_labels
        assert token_ids[0] == TOKENIZER.cls_id
        separators = np.flatnonzero(token_ids == TOKENIZER.sep_id)
        assert separators.tolist() == [instance.first_length - 1, len(token_ids) - 1]


@pytest.mark.parametrize("seed", range(100))
def test_pairs_go_through_the_whole_document(seed):
    # Segments of one token each, all different: what is cut can be read off.
    documents = [[[number] for number in range(100)], [[-1]] * 50]
    settings = InstanceSettings(max_seq_length=13, short_seq_prob=0.0)
    expected = 0
    for first, second, is_random_next in next_sentence_pairs(
        documents, 0, settings, random.Random(seed)
    ):
        follows = list(range(expected, expected + len(first) + len(second)))
        assert first == follows[: len(first)]
        assert second == (
            [-1] * len(second) if is_random_next else follows[len(first) :]
        )
        expected += len(first) if is_random_next else len(follows)
    assert expected == 100


@pytest.mark.parametrize("seed", range(100))
def test_truncation_leaves_an_inner_part_of_both(seed):
    rng = random.Random(seed)
    first = list(range(rng.randint(1, 40)))
    second = list(range(rng.randint(1, 40)))
    budget = rng.randint(2, 50)
    kept_first, kept_second = truncate_pair(first, second, budget, rng)
    lost = max(0, len(first) + len(second) - budget)
    assert len(kept_first) + len(kept_second) == len(first) + len(second) - lost
    for kept, whole in ((kept_first, first), (kept_second, second)):
        assert kept == whole[kept[0] : kept[-1] + 1]
    if lost:  # neither is shortened below the other, but for the odd token
        short, long = sorted((len(first), len(second)))
        kept_short, kept_long = sorted((len(kept_first), len(kept_second)))
        assert kept_short == short or kept_long - kept_short <= 1
        assert kept_long <= long


@pytest.mark.parametrize("without", [(), ("same-document-random",)])
def test_text_of_the_same_document(corpus, without):
    settings = InstanceSettings(max_seq_length=8, without=without)
    instances = create_training_instances([corpus("a\nb\nc\n")], TOKENIZER, settings)
    labels = {instance.is_random_next for instance in instances}
    assert labels == ({False} if without else {False, True})


def test_one_segment_draws_nothing_for_its_label():
    class Counting(random.Random):
        draws = 0

        def random(self):
            self.draws += 1
            return super().random()

        def getrandbits(self, k):  # whole numbers are drawn from here, uncounted
            return super().getrandbits(k)

    rng = Counting(0)
    pairs = list(next_sentence_pairs([[[1]], [[2]]], 0, InstanceSettings(), rng))
    assert pairs == [([1], [2], True)]
    assert rng.draws == 1  # the target length


def test_progress_counts_documents(corpus):
    seen = []
    settings = InstanceSettings(dupe_factor=2)
    create_training_instances(
        [corpus(TEXT)],
        TOKENIZER,
        settings,
        lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 6) for done in range(7)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_seq_length": 4}, "max_seq_length: expected a whole number from 5 up"),
        ({"max_seq_length": 12.5}, "max_seq_length"),
        ({"max_predictions_per_seq": 0}, "max_predictions_per_seq"),
        ({"dupe_factor": 0}, "dupe_factor"),
        ({"short_seq_prob": -0.1}, "short_seq_prob"),
        ({"short_seq_prob": float("nan")}, "short_seq_prob"),
        ({"masked_lm_prob": 2}, "masked_lm_prob"),
        ({"masking": "none"}, "masking"),
        ({"seed": None}, "seed"),
        ({"without": ["glue"]}, "without: expected some of glue-across-sep"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(InputError, match=message):
        InstanceSettings(**arguments)


def test_settings_come_back_from_json():
    settings = InstanceSettings(seed=3, without=("glue-across-sep",))
    kept = settings.as_json()
    assert json.loads(json.dumps(kept)) == kept
    assert InstanceSettings(**kept) == settings
