"""The algorithm of instances.py and masking.py, compiled by Numba draw for draw.

What is drawn when, and why, is said there: next_sentence_pairs and mask_tokens. The
32-bit words that random.Random would draw from stand ready in an array, and numbers are
made of them as CPython's random.py and _randommodule.c do. A function says how many
words it used; when they ran out it began anew with the first, and its result is void.

All compiled code is in this file: Numba keeps it on disk and would not notice a change
in another one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

compiled = njit(cache=True)

# Draws


class Draws(NamedTuple):
    words: np.ndarray  # uint32[W]
    used: np.ndarray  # int64[1], may grow beyond W


@compiled
def draws_from(words):
    """Draws that begin with the first word."""
    return Draws(words, np.zeros(1, np.int64))


@compiled
def _word(draws):
    used = draws.used[0]
    draws.used[0] = used + 1
    return draws.words[used % len(draws.words)]


@compiled
def uniform(draws):
    """random.Random.random: 53 bits of two words."""
    high, low = _word(draws) >> 5, _word(draws) >> 6
    return (np.float64(high) * 67108864.0 + np.float64(low)) / 9007199254740992.0


@compiled
def below(draws, limit):
    """random.Random.randrange(limit): as many bits as limit has, until they are less.

    limit is less than 2^32. 0 where the words ran out: among those that come again
    none may be less.
    """
    bits = 0
    while limit >> bits:
        bits += 1
    drawn = np.int64(_word(draws)) >> (32 - bits)
    while drawn >= limit:
        if draws.used[0] > len(draws.words):
            return np.int64(0)
        drawn = np.int64(_word(draws)) >> (32 - bits)
    return drawn


@compiled
def shuffle(draws, items, count):
    """random.Random.shuffle of the first `count` items, in place."""
    for last in range(count - 1, 0, -1):
        other = below(draws, last + 1)
        items[last], items[other] = items[other], items[last]


@compiled
def shuffled(words, count):
    """A permutation of `count` numbers, as shuffling a list would give."""
    draws, order = draws_from(words), np.arange(count)
    shuffle(draws, order, count)
    return order, draws.used[0]


# Documents


@compiled
def write_document(words, corpus, index, rules, table):
    """next_sentence_pairs and mask_tokens for one document, into the table's rows."""
    draws = draws_from(words)
    target = rules.max_num_tokens
    if uniform(draws) < rules.short_seq_prob:
        target = 2 + below(draws, rules.max_num_tokens - 1)
    starts = corpus.segment_starts
    start, last = corpus.documents[index]
    row = 0
    while start < last:
        end = _chunk_end(corpus, start, last, target)
        a_end = start + 1
        if end - start > 1:
            a_end += below(draws, end - start - 1)
        first = (starts[start], starts[a_end])
        is_random_next = end - start == 1 or uniform(draws) < 0.5
        if is_random_next:
            wanted = target - (first[1] - first[0])
            drawn, second = _random_text(draws, corpus, index, wanted)
            start = a_end
            is_random_next = rules.same_document_random or drawn != index
        else:
            second = (starts[a_end], starts[end])
            start = end
        first, second = _truncated(draws, first, second, rules.max_num_tokens)
        table.is_random_next[row] = is_random_next
        _write_sequence(corpus.tokens, first, second, rules, table, row)
        _write_masks(draws, rules, table, row)
        row += 1
    return row, draws.used[0]


@compiled
def _chunk_end(corpus, start, last, target):
    length, end = 0, start
    while end < last and (length < target or end == start):
        length += corpus.segment_starts[end + 1] - corpus.segment_starts[end]
        end += 1
    return end


@compiled
def _random_text(draws, corpus, index, wanted):
    num_documents = len(corpus.documents)
    drawn = below(draws, num_documents)
    for _ in range(9):
        if drawn != index:
            break
        drawn = below(draws, num_documents)
    begin, last = corpus.documents[drawn]
    start = begin + below(draws, last - begin)
    end = _chunk_end(corpus, start, last, wanted)
    return drawn, (corpus.segment_starts[start], corpus.segment_starts[end])


@compiled
def _truncated(draws, first, second, max_num_tokens):
    a_start, a_end = first
    b_start, b_end = second
    while (a_end - a_start) + (b_end - b_start) > max_num_tokens:
        from_front = uniform(draws) < 0.5
        if a_end - a_start > b_end - b_start:
            a_start, a_end = (
                (a_start + 1, a_end) if from_front else (a_start, a_end - 1)
            )
        else:
            b_start, b_end = (
                (b_start + 1, b_end) if from_front else (b_start, b_end - 1)
            )
    return (a_start, a_end), (b_start, b_end)


@compiled
def _write_sequence(tokens, first, second, rules, table, row):
    """[CLS] A [SEP] B [SEP]."""
    ids = table.token_ids[row]
    first_length = first[1] - first[0] + 2
    length = first_length + second[1] - second[0] + 1
    ids[0] = rules.cls_id
    ids[1 : first_length - 1] = tokens[first[0] : first[1]]
    ids[first_length - 1] = rules.sep_id
    ids[first_length : length - 1] = tokens[second[0] : second[1]]
    ids[length - 1] = rules.sep_id
    ids[length:] = 0
    table.first_lengths[row], table.lengths[row] = first_length, length


@compiled
def _write_masks(draws, rules, table, row):
    ids, length = table.token_ids[row], table.lengths[row]
    maskable, starts = _candidates(ids[:length], rules)
    order = np.arange(len(starts) - 1)
    shuffle(draws, order, len(order))
    budget, predicted = rules.budgets[length], 0
    is_hidden, original = np.zeros(length, np.bool_), ids[:length].copy()
    for candidate in order:
        if predicted >= budget:
            break
        pieces = maskable[starts[candidate] : starts[candidate + 1]]
        if len(pieces) > budget - predicted:
            if rules.skips:
                continue
            pieces = pieces[: budget - predicted]
        _hide(draws, pieces, ids, rules)
        is_hidden[pieces] = True
        predicted += len(pieces)
    hidden = np.flatnonzero(is_hidden)
    table.positions[row, :predicted] = hidden
    table.labels[row, :predicted] = original[hidden]
    table.positions[row, predicted:] = 0
    table.labels[row, predicted:] = 0
    table.num_predictions[row] = predicted


@compiled
def _candidates(ids, rules):
    """Positions that may be hidden, and where among them each candidate starts."""
    maskable, count = np.empty(len(ids), np.int64), 0
    starts, num_candidates = np.empty(len(ids) + 1, np.int64), 0
    for position in range(len(ids)):
        if ids[position] == rules.cls_id or ids[position] == rules.sep_id:
            continue
        joins = rules.joins[ids[position]] and count > 0
        if not (joins and (rules.glues or maskable[count - 1] == position - 1)):
            starts[num_candidates] = count
            num_candidates += 1
        maskable[count] = position
        count += 1
    starts[num_candidates] = count
    return maskable[:count], starts[: num_candidates + 1]


@compiled
def _hide(draws, pieces, ids, rules):
    becomes_mask, stays = False, False
    for place in range(len(pieces)):
        if rules.per_token or place == 0:
            becomes_mask = uniform(draws) < 0.8
            stays = not becomes_mask and uniform(draws) < 0.5
        if becomes_mask:
            ids[pieces[place]] = rules.mask_id
        elif not stays:
            drawn = below(draws, len(rules.replacements))
            ids[pieces[place]] = rules.replacements[drawn]
