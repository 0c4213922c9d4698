"""Masks drawn on the device: the original's choice, its distribution, its shares."""

import random

import numpy as np
import pytest

from reference.dropout import site_keys, uniform_bits
from reference.dynamic_masking import PRIORITY, DynamicMasking, unmasked
from reference.instances import InstanceSettings, as_arrays, create_training_instances
from reference.masking import (
    MaskingScheme,
    MaskingSettings,
    mask_tokens,
    masking_candidates,
)
from reference.tokenization import SPECIAL_TOKENS, Tokenizer

pytestmark = pytest.mark.backend

WORDS = [f"w{n}" for n in range(20)]
PIECES = [f"##p{n}" for n in range(20)]
TOKENIZER = Tokenizer([*SPECIAL_TOKENS, *WORDS, *PIECES])
LENGTH = 40


def sequences(rows: int, seed: int, longest_word: int = 5) -> dict[str, np.ndarray]:
    """Words of several pieces; B may begin within one, as after a cut."""
    rng = random.Random(seed)
    ids = np.zeros((rows, LENGTH), np.int32)
    lengths = [rng.randint(5, LENGTH) for _ in range(rows)]
    for row, length in enumerate(lengths):
        tokens = []
        while len(tokens) < length:
            tokens.append(rng.choice(WORDS))
            tokens += rng.choices(PIECES, k=rng.randrange(longest_word))
        first = rng.randint(2, length - 3)
        tokens = ["[CLS]", *tokens[: first - 1], "[SEP]", *tokens[first:]]
        tokens = [*tokens[: length - 1], "[SEP]"]
        ids[row, :length] = [TOKENIZER.vocab.index(token) for token in tokens]
    mask = np.arange(LENGTH) < np.array(lengths)[:, None]
    return {"input_ids": ids, "input_mask": mask.astype(np.int32)}


def drawn(batch, settings, whole_word, seeds, step=0) -> dict[str, np.ndarray]:
    """One draw for each of K trials."""
    stacked = {name: np.repeat(v[None], len(seeds), 0) for name, v in batch.items()}
    masking = DynamicMasking(TOKENIZER, settings)
    found = masking.draw(stacked, np.array(whole_word), np.array(seeds), step)
    return {name: np.asarray(value) for name, value in found.items()}


def positions_of(found, trial, row) -> list[int]:
    count = int(found["masked_lm_weights"][trial, row].sum())
    assert found["masked_lm_weights"][trial, row, :count].all()
    assert not found["masked_lm_positions"][trial, row, count:].any()
    return found["masked_lm_positions"][trial, row, :count].tolist()


def settings_of(scheme, most=20, share=0.15) -> MaskingSettings:
    return MaskingSettings(scheme, share, most)


SCHEMES = [MaskingScheme.WORDPIECE, MaskingScheme.WHOLE_WORD]


@pytest.mark.parametrize("most", [3, 20])
@pytest.mark.parametrize("share", [0.15, 0.5])
def test_the_choice_is_the_originals_given_the_order(most, share):
    """One by one through the candidates in the order of their priorities."""
    seeds, step, rows = [3, 3, 2**31 + 5, 8], 7, 24
    whole_word = [False, True, True, False]
    batch = sequences(rows, seed=most)
    found = drawn(
        batch, MaskingSettings("wordpiece", share, most), whole_word, seeds, 7
    )
    index = np.arange(rows)[:, None] * 512 + np.arange(LENGTH)
    keys = site_keys(np.uint32(seeds), np.uint32(step), PRIORITY)
    priority = np.asarray(uniform_bits(keys, index.astype(np.uint32)[None]))
    for trial, row in np.ndindex(len(seeds), rows):
        settings = settings_of(SCHEMES[whole_word[trial]], most, share)
        ids = batch["input_ids"][row][batch["input_mask"][row] > 0].tolist()
        candidates = masking_candidates(ids, TOKENIZER, settings)
        candidates.sort(key=lambda c: priority[trial, row, c[0]])
        expected = []
        for candidate in candidates:
            if len(candidate) + len(expected) <= settings.num_to_predict(len(ids)):
                expected += candidate
        positions = positions_of(found, trial, row)
        assert positions == sorted(expected)
        labels = found["masked_lm_ids"][trial, row, : len(positions)].tolist()
        assert labels == [ids[position] for position in positions]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_hidden_stays(seed):
    batch = sequences(16, seed)
    found = drawn(batch, settings_of("wordpiece"), [True, False], [seed, seed])
    for trial, row in np.ndindex(2, 16):
        changed = np.nonzero(found["input_ids"][trial, row] != batch["input_ids"][row])[
            0
        ]
        assert set(changed) <= set(positions_of(found, trial, row))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equal_in_distribution_to_the_static_masks(scheme):
    """How often each position is hidden, and how: against the original's algorithm."""
    settings, draws = settings_of(scheme, most=6, share=0.2), 4000
    batch = sequences(1, seed=4)
    ids = batch["input_ids"][0][batch["input_mask"][0] > 0].tolist()
    trials = np.repeat(scheme == MaskingScheme.WHOLE_WORD, 10)
    many = {name: np.repeat(v, draws // 10, 0) for name, v in batch.items()}
    found = drawn(many, settings, trials, list(range(10)))
    hidden, after = np.zeros((2, draws, len(ids)), int)
    for draw, (trial, row) in enumerate(np.ndindex(10, draws // 10)):
        hidden[draw, positions_of(found, trial, row)] = 1
        after[draw] = found["input_ids"][trial, row, : len(ids)]
    rng, static_hidden = random.Random(1), np.zeros_like(hidden)
    static_after = np.zeros_like(after)
    for draw in range(draws):
        masked, positions, _ = mask_tokens(ids, TOKENIZER, settings, rng)
        static_hidden[draw, positions], static_after[draw] = 1, masked
    for mine, theirs in (
        (hidden, static_hidden),
        (hidden * (after == TOKENIZER.mask_id), static_hidden * (static_after == 4)),
        (hidden * (after == ids), static_hidden * (static_after == ids)),
        # Pairs of neighbours: what whole words are about.
        (hidden[:, 1:] * hidden[:, :-1], static_hidden[:, 1:] * static_hidden[:, :-1]),
    ):
        assert np.abs(deviations(mine, theirs)).max() < 4.5  # P < 1e-3 over all
    counts = [np.bincount(h.sum(1), minlength=8) for h in (hidden, static_hidden)]
    assert np.abs(deviations_of_counts(*counts, draws)).max() < 4.5


def deviations(mine, theirs) -> np.ndarray:
    """Two proportions of each column, in standard deviations of their difference."""
    return deviations_of_counts(mine.sum(0), theirs.sum(0), len(mine))


def deviations_of_counts(mine, theirs, draws) -> np.ndarray:
    pooled = (mine + theirs) / (2 * draws)
    spread = np.sqrt(2 * pooled * (1 - pooled) / draws)
    return (mine - theirs) / draws / np.where(spread > 0, spread, 1)


def test_replacements_are_of_the_whole_vocabulary():
    """Each piece as often as chance has it, special tokens among them."""
    batch = {name: np.repeat(v, 400, 0) for name, v in sequences(1, 2).items()}
    found = drawn(batch, settings_of("wordpiece", 20, 1.0), [False] * 10, range(10))
    hidden = found["masked_lm_weights"] > 0
    labels = found["masked_lm_ids"][hidden]
    after = np.take_along_axis(
        found["input_ids"], found["masked_lm_positions"], axis=2
    )[hidden]
    size = len(TOKENIZER.vocab)
    others = (after != labels) & (after != TOKENIZER.mask_id)
    expected = 0.1 / size * len(after)  # of each piece, its own label aside
    counts = np.bincount(after[others], minlength=size)
    for piece in range(size):
        if piece == TOKENIZER.mask_id:
            continue
        own = (labels == piece).sum() * 0.1 / size
        assert abs(counts[piece] - expected + own) < 4.5 * np.sqrt(expected)
    share = np.mean(after == TOKENIZER.mask_id)
    most_likely = 0.8 + 0.1 / size
    spread = np.sqrt(most_likely * (1 - most_likely) / len(after))
    assert abs(share - most_likely) < 4.5 * spread


def test_a_trial_draws_the_same_in_any_stack_and_otherwise_at_another_step():
    batch = sequences(8, seed=3)
    settings = settings_of("wordpiece")
    together = drawn(batch, settings, [True, False, True], [5, 6, 7])
    alone = drawn(batch, settings, [False], [6])
    for name, value in together.items():
        np.testing.assert_array_equal(value[1], alone[name][0])
    later = drawn(batch, settings, [False], [6], step=1)
    assert (later["masked_lm_positions"] != alone["masked_lm_positions"]).any()


def test_unmasking_gives_the_text_back(tmp_path):
    text = tmp_path / "text.txt"
    rng = random.Random(0)
    lines = [" ".join(rng.choices(WORDS, k=9)) for _ in range(60)]
    lines[20] = lines[40] = ""
    text.write_text("\n".join(lines))
    settings = InstanceSettings(max_seq_length=32, dupe_factor=2)
    instances = create_training_instances([text], TOKENIZER, settings)
    arrays = as_arrays(instances, settings)
    found = unmasked(arrays)
    assert not (found["input_ids"] == TOKENIZER.mask_id).any()
    for row, instance in enumerate(instances):
        ids = list(instance.token_ids)
        for place, label in zip(
            instance.masked_lm_positions, instance.masked_lm_labels, strict=True
        ):
            ids[place] = label
        assert found["input_ids"][row, : len(ids)].tolist() == ids
    assert (arrays["input_ids"] == TOKENIZER.mask_id).any()  # and these are left alone
