"""The cohort and tick drivers: many courses, minute by minute, through the steps of this folder, compiled."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from tocsin.compiled import compiled, inline
from tocsin.signs import arrive, episode, oxygen, pressors, settle, state, wide
from tocsin.signs.state import LONG_AGO, NEVER, ORDER, ORDERS, PRESSORS, READING_RANK, SLOT, SLOTS

MICROSECONDS_A_MINUTE = 60_000_000


def minute_at(time: Any, i: int, last: int, zero: int) -> int:
    """Minute of row `i`, floor, also below zero; NEVER past the course's last row."""
    return (time[i] - zero) // MICROSECONDS_A_MINUTE if i < last else NEVER


def place(position: int, due: int, minute: int) -> int:
    """Row behind a sign; -1 never charted, -2 - row once expired or dropped."""
    return position if position < 0 or minute < due else -2 - position


def _cohort(
    courses: Any,
    zero: Any,
    first: Any,
    last: Any,
    act_first: Any,
    act_last: Any,
    time: Any,
    read_time: Any,
    code: Any,
    value: Any,
    rank: Any,
    acts: Any,
    rules: Any,
    lookback: int,
    every: bool,
    who: Any,
    when: Any,
    what: Any,
    more: Any,
    where: Any,
    episodes: Any,
) -> tuple[int, int]:
    """Fills `who`, `when`, `what` and `episodes`; how many of each, -1 or -2 on overflow.

    Wide, `more` as well; with `every` also `where`: the slots, the oxygen device, the vasopressor.
    """
    slots, orders, since = (
        np.zeros(SLOTS, SLOT),
        np.zeros(ORDERS, ORDER),
        np.zeros(2 * PRESSORS, np.int32),
    )
    n, e = 0, 0
    r = rules[0]
    for w in range(zero.size):
        c = courses[w]
        state.begin(slots, orders, since, c)
        i, j, started = first[w], act_first[w], False
        ahead = minute_at(time, i, last[w], zero[w])
        while ahead < -lookback:
            i += 1
            ahead = minute_at(time, i, last[w], zero[w])
        before = LONG_AGO
        previous, previous_more, beyond = np.int64(-1), np.int64(0), np.int64(0)
        while True:
            minute: Any = ahead
            if j < act_last[w]:
                minute = min(minute, np.int64(acts[j].minute))
            if not started and minute >= 0:
                minute = 0
            if c.soonest < minute:
                c.soonest = settle.next_due(slots, orders, since, c, r, before)
                minute = min(minute, np.int64(c.soonest))
            if minute >= c.end or minute == NEVER:
                break
            changes = every or (minute == 0 and not started) or minute == c.soonest or ahead > minute
            started = started or minute >= 0
            episode.pass_time(c, minute)
            while j < act_last[w] and acts[j].minute == minute and acts[j].rank < READING_RANK:
                changes = True
                if not arrive.take_act(slots, orders, since, c, r, minute, acts[j], acts[j].position):
                    return -1, w
                j += 1
            while ahead == minute:
                if code[i] >= 0:
                    read = minute if read_time[i] == time[i] else minute_at(read_time, i, last[w], zero[w])
                    slot: Any = np.int32(code[i])  # the types of an act: one specialisation serves both
                    at: Any = np.int32(read)
                    better: Any = np.int32(rank[i])
                    row: Any = np.int32(i)
                    changes |= arrive.arrive_reading(slots, c, r, slot, minute, at, value[i], better, row)
                i += 1
                ahead = minute_at(time, i, last[w], zero[w])
            while j < act_last[w] and acts[j].minute == minute:
                changes = True
                if not arrive.take_act(slots, orders, since, c, r, minute, acts[j], acts[j].position):
                    return -1, w
                j += 1
            if not changes:
                continue
            situation = settle.settle(slots, orders, since, c, r, minute)
            if r.wide:
                beyond = wide.settle_wide(slots, orders, since, c, r, minute)
            before = minute
            if c.ended:
                episodes[e].course, episodes[e].number, episodes[e].onset = w, c.number, c.ended_onset
                episodes[e].end, episodes[e].closed_at, episodes[e].how, episodes[e].prior = (
                    c.ended_end,
                    c.ended_at,
                    c.ended,
                    c.ended_prior,
                )
                c.ended = 0
                e += 1
            if minute >= 0 and (every or situation != previous or beyond != previous_more):
                if n == who.size:
                    return -2, w
                who[n], when[n], what[n] = w, minute, situation
                if r.wide:
                    more[n] = beyond
                if every:
                    for k in range(r.slots):
                        where[n, k] = place(slots[k].position, slots[k].due, minute)
                    where[n, r.slots] = place(c.device_position, c.device_due, minute)
                    where[n, r.slots + 1] = c.pressor_position
                n += 1
                previous, previous_more = situation, beyond
        if c.open:
            episodes[e].course, episodes[e].number, episodes[e].onset, episodes[e].prior = (
                w,
                c.number,
                c.onset,
                c.began_prior,
            )
            episodes[e].end, episodes[e].closed_at, episodes[e].how = NEVER, NEVER, 0
            e += 1
    return n, e


@functools.cache
def cohort() -> Any:
    """The compiled cohort driver."""
    for module in (state, oxygen, pressors, episode, arrive, wide, settle):
        for _, step in inspect.getmembers(module, inspect.isfunction):
            if step.__module__ == module.__name__:
                inline(step)
    inline(place)
    inline(minute_at)
    return compiled(_cohort)


def _tick(
    slots: Any,
    orders: Any,
    since: Any,
    courses: Any,
    rules: Any,
    minute: int,
    who: Any,
    acts: Any,
    before: Any,
    out: Any,
    more: Any,
) -> None:
    """One minute of many patients: their acts (sorted by patient and rank), then what is known of each.

    A patient's own changes between ticks (expiries, overlaps) are settled on the way; `before` holds the minute each
    was settled last. `more` takes the wide situation, where the rules ask for it.
    """
    r = rules[0]
    j = 0
    for w in range(courses.size):
        c = courses[w]
        while True:
            due = settle.next_due(slots[w], orders[w], since[w], c, r, before[w])
            if due >= minute:
                break
            episode.pass_time(c, due)
            settle.settle(slots[w], orders[w], since[w], c, r, due)
            if r.wide:
                wide.settle_wide(slots[w], orders[w], since[w], c, r, due)
            before[w] = due
        episode.pass_time(c, minute)
        while j < acts.size and who[j] == w:
            arrive.take_act(slots[w], orders[w], since[w], c, r, minute, acts[j], acts[j].position)
            j += 1
        out[w] = settle.settle(slots[w], orders[w], since[w], c, r, minute)
        if r.wide:
            more[w] = wide.settle_wide(slots[w], orders[w], since[w], c, r, minute)
        before[w] = minute


@functools.cache
def tick() -> Any:
    """The compiled tick driver."""
    cohort()
    return compiled(_tick)
