"""Masking: properties that hold for every seed. The goldens are in test_instances."""

import random

import pytest

from reference.errors import InputError
from reference.masking import (
    MaskingScheme,
    MaskingSettings,
    mask_tokens,
    masking_candidates,
)
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

WORDPIECE, WHOLE_WORD = MaskingScheme
STARTS = [f"w{number}" for number in range(20)]
CONTINUATIONS = [f"##c{number}" for number in range(20)]
TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *STARTS, *CONTINUATIONS])
IDS = {piece: index for index, piece in enumerate(TOKENIZER.vocab)}
SEEDS = range(100)


def ids(text):
    return [IDS[piece] for piece in text.split()]


def random_sequence(rng, pieces=STARTS + CONTINUATIONS):
    first, second = (
        " ".join(rng.choices(pieces, k=rng.randint(1, 40))) for _ in range(2)
    )
    return ids(f"[CLS] {first} [SEP] {second} [SEP]")


def random_settings(rng, scheme):
    return MaskingSettings(scheme, rng.uniform(0.01, 1.0), rng.randint(1, 30))


def test_candidates_of_both_schemes():
    sequence = ids("[CLS] w1 ##c1 ##c2 w2 [SEP] w3 ##c3 [SEP]")
    each = masking_candidates(sequence, TOKENIZER, MaskingSettings(WORDPIECE))
    assert each == [[1], [2], [3], [4], [6], [7]]
    whole = masking_candidates(sequence, TOKENIZER, MaskingSettings(WHOLE_WORD))
    assert whole == [[1, 2, 3], [4], [6, 7]]


def test_whole_words_reach_across_the_separator_and_may_begin_in_the_middle():
    sequence = ids("[CLS] ##c1 w1 [SEP] ##c2 ##c3 w2 [SEP]")
    whole = masking_candidates(sequence, TOKENIZER, MaskingSettings(WHOLE_WORD))
    assert whole == [[1], [2, 4, 5], [6]]


# min(20, max(1, round(n * 0.15))), half to even: 30 * 0.15 = 4.5, 0.5 * 5 = 2.5.
@pytest.mark.parametrize(
    ("num_tokens", "prob", "budget"),
    [(5, 0.15, 1), (30, 0.15, 4), (128, 0.15, 19), (512, 0.15, 20), (5, 0.5, 2)],
)
def test_budget(num_tokens, prob, budget):
    assert MaskingSettings(WORDPIECE, prob, 20).num_to_predict(num_tokens) == budget


@pytest.mark.parametrize("scheme", MaskingScheme)
@pytest.mark.parametrize("seed", SEEDS)
def test_properties(scheme, seed):
    rng = random.Random(seed)
    sequence = random_sequence(rng)
    settings = random_settings(rng, scheme)
    before = list(sequence)
    masked_ids, positions, labels = mask_tokens(sequence, TOKENIZER, settings, rng)

    assert sequence == before
    budget = settings.num_to_predict(len(sequence))
    assert len(positions) <= budget <= settings.max_predictions_per_seq
    assert positions == sorted(set(positions))
    specials = {TOKENIZER.cls_id, TOKENIZER.sep_id}
    assert not specials & {sequence[position] for position in positions}
    restored = list(masked_ids)
    for position, label in zip(positions, labels, strict=True):
        restored[position] = label
    assert restored == sequence

    candidates = masking_candidates(sequence, TOKENIZER, settings)
    chosen, left = [], []
    for candidate in candidates:
        hidden = [position in positions for position in candidate]
        assert all(hidden) or not any(hidden)  # whole or not at all
        (chosen if all(hidden) else left).append(candidate)
    assert sum(map(len, chosen)) == len(positions)
    # Nothing that was left out would still fit.
    assert all(len(candidate) > budget - len(positions) for candidate in left)


@pytest.mark.parametrize("seed", SEEDS)
def test_schemes_agree_where_every_word_is_one_piece(seed):
    results = []
    for scheme in MaskingScheme:
        rng = random.Random(seed)
        sequence = random_sequence(rng, STARTS)
        settings = random_settings(rng, scheme)
        results.append((mask_tokens(sequence, TOKENIZER, settings, rng), rng.random()))
    assert results[0] == results[1]


def test_words_over_the_budget_predict_nothing():
    sequence = ids("[CLS] w1 ##c1 ##c2 [SEP] w2 ##c3 ##c4 [SEP]")
    settings = MaskingSettings(WHOLE_WORD, 1.0, 2)
    for seed in SEEDS:
        result = mask_tokens(sequence, TOKENIZER, settings, random.Random(seed))
        assert result == (sequence, [], [])


def test_a_tight_budget_prefers_short_words():
    sequence = ids("[CLS] w1 ##c1 ##c2 [SEP] w2 [SEP]")
    settings = MaskingSettings(WHOLE_WORD, 1.0, 2)
    for seed in SEEDS:
        _, positions, _ = mask_tokens(
            sequence, TOKENIZER, settings, random.Random(seed)
        )
        assert positions == [5]


class Scripted(random.Random):
    """Leaves order alone, and draws what it is told."""

    def __init__(self, draws):
        super().__init__(0)
        self.draws = iter(draws)

    def shuffle(self, x):
        pass

    def random(self):
        return next(self.draws)

    def randrange(self, stop):
        assert stop == len(TOKENIZER.vocab)
        return 7


def test_each_piece_of_a_word_is_replaced_by_its_own_draw():
    sequence = ids("[CLS] w1 ##c1 ##c2 [SEP] w2 [SEP]")
    rng = Scripted([0.79, 0.8, 0.49, 0.8, 0.5])  # [MASK]; keep; any piece
    settings = MaskingSettings(WHOLE_WORD, 0.5, 3)
    masked_ids, positions, labels = mask_tokens(sequence, TOKENIZER, settings, rng)
    assert masked_ids[1:4] == [TOKENIZER.mask_id, IDS["##c1"], 7]
    assert (positions, labels) == ([1, 2, 3], ids("w1 ##c1 ##c2"))


# Without the oddities


def test_words_end_at_the_separator():
    sequence = ids("[CLS] ##c1 w1 [SEP] ##c2 ##c3 w2 [SEP]")
    settings = MaskingSettings(WHOLE_WORD, without=["glue-across-sep"])
    whole = masking_candidates(sequence, TOKENIZER, settings)
    assert whole == [[1], [2], [4, 5], [6]]


def test_a_word_is_replaced_by_one_draw():
    sequence = ids("[CLS] w1 ##c1 ##c2 [SEP] w2 [SEP]")
    settings = MaskingSettings(WHOLE_WORD, 0.5, 3, ["per-token-replacement"])
    for draws, replaced in (
        ([0.79], [TOKENIZER.mask_id] * 3),
        ([0.8, 0.49], sequence[1:4]),
        ([0.8, 0.5], [7, 7, 7]),  # each piece by one of its own
    ):
        masked_ids, *_ = mask_tokens(sequence, TOKENIZER, settings, Scripted(draws))
        assert masked_ids[1:4] == replaced


def test_no_special_token_replaces_a_piece():
    tokenizer = Tokenizer([*SPECIAL_TOKENS, "[unused0]", *STARTS])
    sequence = [2, *range(6, 26), 3, *range(6, 26), 3]
    drawn = {(): set(), ("special-replacements",): set()}
    for without, found in drawn.items():
        settings = MaskingSettings(WORDPIECE, 1.0, 40, without)
        for seed in SEEDS:
            masked_ids, positions, _ = mask_tokens(
                sequence, tokenizer, settings, random.Random(seed)
            )
            found |= {masked_ids[position] for position in positions}
    # 400 random replacements: each of 26 is missing with a probability of 2e-7.
    assert drawn[()] == set(range(26))
    assert drawn["special-replacements",] == {tokenizer.mask_id, *range(6, 26)}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_budget_is_used_up(seed):
    rng = random.Random(seed)
    sequence = random_sequence(rng)
    settings = MaskingSettings(WHOLE_WORD, rng.random(), 30, ["skip-over-budget"])
    _, positions, _ = mask_tokens(sequence, TOKENIZER, settings, rng)
    budget = settings.num_to_predict(len(sequence))
    assert len(positions) == min(budget, len(sequence) - 3)


def test_unknown_oddity():
    with pytest.raises(InputError, match=r"expected some of glue-.*; found glue"):
        MaskingSettings(without=["glue"])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"scheme": "whole"}, "masking: expected one of wordpiece, whole-word"),
        ({"masked_lm_prob": 0.0}, "masked_lm_prob"),
        ({"masked_lm_prob": 1.01}, "masked_lm_prob"),
        ({"masked_lm_prob": float("nan")}, "masked_lm_prob"),
        ({"max_predictions_per_seq": 0}, "max_predictions_per_seq"),
    ],
)
def test_bad_settings(arguments, named):
    with pytest.raises(InputError, match=named):
        MaskingSettings(**arguments)
