"""Compiled kernels of containment: find n-grams of items in texts, and weigh what a text and an item share.

Method and terms: see `containment`. The n-grams of all items are numbered (*slots*) and found by open addressing behind
a bit filter, so that the n-grams of ordinary text, nearly all of which no item has, cost one memory access each.
Shapes: ragged tables `values, at, size` as in `passages`; `first[s]:first[s + 1]` are the places of slot s in `item`
(ascending) and `place` (ascending in each item). Complexity: `occurrences` O(n-grams); `shared` O(n-grams + for each
proposed pair, n-grams near its hits). All kernels release the GIL and write nothing shared.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GRAM = 5
"""Words in an n-gram."""
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_BITS = np.uint64(63)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_S29 = np.uint64(29)
_ALL = np.float32(0.9999)
_TELLING = np.float32(0.4)  # weight from which an n-gram tells its item from others: two items that share it are two


@njit(cache=True, nogil=True)
def fingerprints(grams, at, size):  # type: ignore[no-untyped-def]
    """One hash for each run of n-grams, in order; 0 for an empty one."""
    out = np.zeros(at.size, np.uint64)
    for i in range(at.size):
        h = np.uint64(size[i])
        for j in range(at[i], at[i] + size[i]):
            h = (h ^ grams[j]) * _MIX
            h ^= h >> _S29
        out[i] = h
    return out


@njit(cache=True, nogil=True)
def equal(grams, at, size, left, right):  # type: ignore[no-untyped-def]
    """Whether texts of one size, `left[k]` and `right[k]`, have the same n-grams in the same order."""
    out = np.ones(left.size, np.bool_)
    for k in range(left.size):
        for j in range(size[left[k]]):
            if grams[at[left[k]] + j] != grams[at[right[k]] + j]:
                out[k] = False
                break
    return out


@njit(cache=True, nogil=True)
def copy_runs(source, source_at, size, target, target_at):  # type: ignore[no-untyped-def]
    """`target[target_at[i]:][:size[i]] = source[source_at[i]:][:size[i]]`."""
    for i in range(size.size):
        for j in range(size[i]):
            target[target_at[i] + j] = source[source_at[i] + j]


@njit(cache=True, nogil=True)
def fill(home, bloom, unique):  # type: ignore[no-untyped-def]
    """Put every n-gram into the hash table and the filter, both of a power of two in size."""
    mask = np.uint64(home.size - 1)
    words = np.uint64(bloom.size - 1)
    for s in range(unique.size):
        h = unique[s]
        bloom[(h >> _SIX) & words] |= _ONE << (h & _BITS)
        i = h & mask
        while home[i] >= 0:
            i = (i + _ONE) & mask
        home[i] = s


@njit(cache=True, nogil=True, inline="always")
def _slot(home, bloom, unique, h):  # type: ignore[no-untyped-def]
    """Slot of an n-gram, -1 where no item has it."""
    if not (bloom[(h >> _SIX) & np.uint64(bloom.size - 1)] >> (h & _BITS)) & _ONE:
        return -1
    mask = np.uint64(home.size - 1)
    i = h & mask
    while home[i] >= 0:
        if unique[home[i]] == h:
            return int(home[i])
        i = (i + _ONE) & mask
    return -1


@njit(cache=True, nogil=True)
def occurrences(grams, at, size, home, bloom, unique, in_short, streak):  # type: ignore[no-untyped-def]
    """(slots found, once a text; whether each text is worth a second look).

    It is where `streak` n-grams of items follow each other, or where one stands in an item too short for that.
    """
    slots = np.empty(256, np.int64)
    n = 0
    worth = np.zeros(at.size, np.bool_)
    for i in range(at.size):
        begin, run = n, 0
        for j in range(at[i], at[i] + size[i]):
            s = _slot(home, bloom, unique, grams[j])
            if s < 0:
                run = 0
                continue
            run += 1
            worth[i] |= run >= streak or in_short[s]
            if n == slots.size:
                more = np.empty(2 * n, np.int64)
                for k in range(n):  # a slice assignment would compile numba's string formatting for its error message
                    more[k] = slots[k]
                slots = more
            slots[n] = s
            n += 1
        if n - begin > 1:
            slots[begin:n].sort()
            m = begin + 1
            for k in range(begin + 1, n):
                if slots[k] != slots[m - 1]:
                    slots[m] = slots[k]
                    m += 1
            n = m
    return slots[:n].copy(), worth


@njit(cache=True, nogil=True)
def any_of(wanted, slot_at, at, size):  # type: ignore[no-untyped-def]
    """Whether each item has a slot that is `wanted`."""
    out = np.zeros(at.size, np.bool_)
    for i in range(at.size):
        for j in range(at[i], at[i] + size[i]):
            out[i] |= wanted[slot_at[j]]
    return out


@njit(cache=True, nogil=True)
def _runs(slots, lo, hi, k, first, item, place, rare, least, length, rare_length, when, held):  # type: ignore[no-untyped-def]
    """Runs of n-grams that item k shares with `slots[lo:hi]`; (longest, most rare ones in a run, where the first is).

    `held[q]` becomes true for places of the item in runs of `least` or more. The rest is scratch: the run that ends
    at place q of the item has `length[q]` n-grams, `rare_length[q]` of them rare, and ends at `when[q]` of the text.
    """
    longest, most_rare, begin = 0, 0, -1
    for p in range(lo, hi):
        s = slots[p]
        if s < 0:
            continue
        a, b = first[s], first[s + 1]
        while a < b:  # the end of item k in this slot's places
            middle = (a + b) // 2
            if item[middle] <= k:
                a = middle + 1
            else:
                b = middle
        x = a - 1
        while x >= first[s] and item[x] == k:  # backwards, so that what ends at p - 1 is not overwritten
            q = place[x]
            run, rare_run = 1, int(rare[s])
            if q > 0 and when[q - 1] == p - 1:
                run += length[q - 1]
                rare_run += rare_length[q - 1]
            length[q], rare_length[q], when[q] = run, rare_run, p
            if run == least:
                for y in range(q - least + 1, q + 1):
                    held[y] = True
                if begin < 0:
                    begin = p - least + 1
            elif run > least:
                held[q] = True
            if run > longest:
                longest = run
            if rare_run > most_rare:
                most_rare = rare_run
            x -= 1
    return longest, most_rare, begin


@njit(cache=True, nogil=True)
def _weigh(held, grams, slot_at, start, weight, rare):  # type: ignore[no-untyped-def]
    """(words held, rare words held, words of the item that tell it from others, share of its weight held)."""
    total, mine = 0.0, 0.0
    words, rare_words, core = 0, 0, 0
    upto, rare_upto, core_upto = 0, 0, 0
    for q in range(grams):
        s = slot_at[start + q]
        total += weight[s]
        if weight[s] >= _TELLING:
            core += q + GRAM - max(core_upto, q)
            core_upto = q + GRAM
        if held[q]:
            mine += weight[s]
            words += q + GRAM - max(upto, q)
            upto = q + GRAM
            if rare[s]:
                rare_words += q + GRAM - max(rare_upto, q)
                rare_upto = q + GRAM
    return words, rare_words, core, np.float32(mine / total) if total > 0 else np.float32(0.0)


@njit(cache=True, nogil=True)
def shared(  # type: ignore[no-untyped-def]
    grams, at, size, rows, ranks, home, bloom, unique, first, item, place, anchor, slot_at, item_at, item_size,
    item_ranks, weight, rare, coverage, rare_coverage, floor, run_words, long_run_words,
):
    """(text, item, words, run, first word, whether held) and the coverage of each pair that is held or shares much."""
    pairs = np.empty((64, 6), np.int64)
    shares = np.empty(64, np.float32)
    n = 0
    most = max(1, item_size.max()) if item_size.size else 1
    length, rare_length, when = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    held = np.empty(most, np.bool_)
    slots, hits = np.empty(256, np.int64), np.empty(256, np.int64)
    for i in range(rows.size):
        if size[i] > slots.size:
            slots = np.empty(2 * size[i], np.int64)
        m = 0
        for p in range(size[i]):
            s = _slot(home, bloom, unique, grams[at[i] + p])
            slots[p] = s
            if s < 0 or not anchor[s]:
                continue
            previous = -1
            for x in range(first[s], first[s + 1]):
                k = int(item[x])
                if k == previous or item_ranks[k] >= ranks[rows[i]]:
                    continue
                previous = k
                if m == hits.size:
                    more = np.empty(2 * m, np.int64)
                    for y in range(m):
                        more[y] = hits[y]
                    hits = more
                hits[m] = (k << 32) | p
                m += 1
        hits[:m].sort()
        x = 0
        while x < m:
            k = hits[x] >> 32
            reach = item_size[k] + GRAM - 1
            least = max(min(run_words, reach) - GRAM + 1, 1)
            best, best_words, best_run, best_at, is_held = np.float32(0.0), 0, 0, 0, -1
            while x < m and hits[x] >> 32 == k:
                # One place of the text: hits with no gap longer than the item.
                begin = hits[x] & 0xFFFFFFFF
                end = begin
                while x < m and hits[x] >> 32 == k and (hits[x] & 0xFFFFFFFF) - end <= reach:
                    end = hits[x] & 0xFFFFFFFF
                    x += 1
                for q in range(item_size[k]):
                    when[q] = -2
                    held[q] = False
                longest, most_rare, where = _runs(
                    slots, max(begin - reach, 0), min(end + reach, size[i]), k, first, item, place, rare, least,
                    length, rare_length, when, held,
                )
                if where < 0:
                    continue
                words, rare_words, core, rare_share = _weigh(held, item_size[k], slot_at, item_at[k], weight, rare)
                share = np.float32(words / reach)
                verdict = -1
                # An item whose rare part is short must stand there whole.
                if core < 2 * run_words:
                    if share >= _ALL and rare_share >= _ALL:
                        verdict = int(rare_words >= min(run_words, reach))
                elif share >= coverage and rare_share >= rare_coverage and rare_words >= run_words:
                    verdict = 1
                elif share >= floor and rare_share >= floor:
                    verdict = 0
                if most_rare + GRAM - 1 >= long_run_words:
                    verdict = max(verdict, 0)
                better = share > best or (share == best and longest > best_run)
                if verdict > is_held or (verdict == is_held and better):
                    best, best_words, best_run, best_at, is_held = share, words, longest, where, verdict
            if is_held < 0:
                continue
            if n == shares.size:
                more_pairs = np.empty((2 * n, 6), np.int64)
                more_shares = np.empty(2 * n, np.float32)
                for y in range(n):
                    more_shares[y] = shares[y]
                    for z in range(6):
                        more_pairs[y, z] = pairs[y, z]
                pairs, shares = more_pairs, more_shares
            pairs[n, 0], pairs[n, 1], pairs[n, 2] = rows[i], k, best_words
            pairs[n, 3], pairs[n, 4], pairs[n, 5] = best_run + GRAM - 1, best_at, is_held
            shares[n] = best
            n += 1
    return pairs[:n].copy(), shares[:n].copy()
