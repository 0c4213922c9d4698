"""The compiled instances are the plain ones, whatever the text, seed and flags."""

import random

import numpy as np
import pytest

from reference import fast_instances
from reference.corpus import read_corpus, read_documents
from reference.errors import InputError
from reference.fast_instances import create_instance_table, feature_blocks
from reference.instances import (
    FEATURES,
    InstanceSettings,
    as_arrays,
    create_training_instances,
)
from reference.masking import MaskingScheme
from reference.oddities import Oddity
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

LETTERS = "abcdefgh"
TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *LETTERS, *(f"##{c}" for c in LETTERS)])


def random_text(rng):
    """Documents, lines and words of random lengths; some empty, some unknown."""

    def word():
        return "".join(rng.choices(f"{LETTERS},~", k=rng.randint(1, 5)))

    def line():
        length = rng.choice([0, 3, 12, 12, 100])  # some are longer than a sequence
        return " ".join(word() for _ in range(rng.randint(0, length)))

    def document():
        return "\n".join(line() for _ in range(rng.randint(1, 9)))

    return "a\n\n" + "\n\n".join(document() for _ in range(rng.randint(0, 8)))


def random_settings(rng, masking):
    return InstanceSettings(
        max_seq_length=rng.randint(5, 40),
        max_predictions_per_seq=rng.randint(1, 8),
        masked_lm_prob=rng.uniform(0.01, 1),
        short_seq_prob=rng.random(),
        dupe_factor=rng.randint(1, 3),
        masking=masking,
        seed=rng.randint(0, 10**12),
        without=[oddity for oddity in Oddity if rng.random() < 0.3],
    )


@pytest.mark.parametrize("masking", list(MaskingScheme))
@pytest.mark.parametrize("seed", range(200))
def test_equals_the_plain_instances(tmp_path, monkeypatch, seed, masking):
    rng = random.Random(seed)
    # Sometimes so few words are drawn ahead that a document is begun anew.
    monkeypatch.setattr(fast_instances, "WORDS_AT_ONCE", rng.choice([64, 2**16]))
    monkeypatch.setattr(fast_instances, "WORDS_A_TOKEN", rng.choice([0, 4]))
    texts = [tmp_path / f"{number}.txt" for number in range(rng.randint(1, 3))]
    for text in texts:
        text.write_text(random_text(rng))
    settings = random_settings(rng, masking)
    plain = as_arrays(create_training_instances(texts, TOKENIZER, settings), settings)
    table = create_instance_table(texts, TOKENIZER, settings)
    blocks = list(feature_blocks(table, rows=7))
    for name, dtype in FEATURES.items():
        compiled = np.concatenate([block[name] for block in blocks])
        assert compiled.dtype == dtype
        np.testing.assert_array_equal(compiled, plain[name])


@pytest.mark.parametrize("seed", range(100))
def test_the_corpus_as_arrays_is_the_corpus(tmp_path, seed):
    text = tmp_path / "text.txt"
    text.write_text(random_text(random.Random(seed)))
    corpus = read_corpus([text], TOKENIZER)
    bounds = zip(corpus.segment_starts, corpus.segment_starts[1:], strict=False)
    segments = [corpus.tokens[start:end].tolist() for start, end in bounds]
    documents = [segments[first:last] for first, last in corpus.documents]
    assert documents == read_documents([text], TOKENIZER)


def test_a_corpus_without_text(tmp_path):
    (tmp_path / "text.txt").write_text("\n\a\n")
    with pytest.raises(InputError, match=r"text\.txt: expected text"):
        create_instance_table([tmp_path / "text.txt"], TOKENIZER, InstanceSettings())


def test_a_large_vocabulary(tmp_path):
    tokenizer = Tokenizer([*SPECIAL_TOKENS, *map(str, range(70_000))])
    (tmp_path / "text.txt").write_text("69998 69999\n\n69997 3\n")
    settings = InstanceSettings(max_seq_length=8)
    paths = [tmp_path / "text.txt"]
    plain = as_arrays(create_training_instances(paths, tokenizer, settings), settings)
    assert plain["masked_lm_ids"].max() > 2**16
    for name, array in (
        create_instance_table(paths, tokenizer, settings).features().items()
    ):
        np.testing.assert_array_equal(array, plain[name])


def test_progress_is_told_now_and_then(tmp_path):
    (tmp_path / "text.txt").write_text("a\nb\n\n" * 1500)
    seen = []
    create_instance_table(
        [tmp_path / "text.txt"],
        TOKENIZER,
        InstanceSettings(dupe_factor=2),
        lambda *at: seen.append(at),
    )
    assert seen[0] == (0, 3000)
    assert seen[-1] == (3000, 3000)
    assert len(seen) <= 1001
