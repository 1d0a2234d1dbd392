"""The cohort driver: every course of a chunk, minute by minute, through the steps of `steps`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tocsin.compiled import compiled, inline
from tocsin.signs import steps
from tocsin.signs.steps import (
    ASSESSED, ATTRIBUTED, DEVICE, DEVICE_STOP, LONG_AGO, MASKING, NEVER, ORDER, ORDER_RUNS, ORDER_STOP, ORDERS, PRESSORS,
    READING, READING_RANK, SETTINGS, SLOT, SLOTS, STAY_END, STAY_START, TOCILIZUMAB,
)  # fmt: skip

POSITIONS = SLOTS + 2  # one per slot, the oxygen device, the vasopressor
MICROSECONDS_A_MINUTE = 60_000_000
_PLAIN = (
    "known", "held_back", "count_pressors", "oxygen_class", "fio2_estimate", "end_episode", "closing_minute", "hypotension_of",
    "settle_orders", "settle_episode", "settle_neurology", "begin", "pass_time", "same_side", "arrive_reading", "arrive_stay", "arrive_order", "arrive_order_stop",
    "arrive_masking", "arrive_tocilizumab", "arrive_device", "arrive_settings", "arrive_device_stop", "arrive_attribution",
    "settle", "next_due",
)  # fmt: skip


def take_act(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int, act: Any, position: int) -> bool:
    """One act into the state; False if a course has more running orders than there is room for."""
    kind = act.kind
    if kind == ORDER_RUNS:
        return steps.arrive_order(orders, c, rules, act.key, act.code, minute, act.read, act.flag == 1, position)
    if kind == ORDER_STOP:
        if act.flag == 1:
            steps.arrive_order_stop(orders, c, act.key, position)
        else:
            return steps.arrive_order(orders, c, rules, act.key, act.code, minute, act.read, False, position)
    elif kind == DEVICE:
        steps.arrive_device(c, rules, act.code, minute, act.read, act.value, act.value2, act.flag, position, act.key)
    elif kind == SETTINGS:
        steps.arrive_settings(c, minute, act.value, act.value2)
    elif kind == DEVICE_STOP:
        steps.arrive_device_stop(c, rules, minute, act.key)
    elif kind == MASKING:
        steps.arrive_masking(c, rules, act.code, minute)
    elif kind == TOCILIZUMAB:
        steps.arrive_tocilizumab(c, minute)
    elif kind == ASSESSED or kind == READING:
        steps.arrive_reading(slots, c, rules, act.code, minute, act.read, act.value, act.flag, position)
    elif kind == ATTRIBUTED:
        steps.arrive_attribution(c, act.code, act.flag)
    elif kind == STAY_START:
        steps.arrive_stay(slots, since, c, minute, True)
    elif kind == STAY_END:
        steps.arrive_stay(slots, since, c, minute, False)
    return True


def minute_at(time: Any, i: int, last: int, zero: int) -> int:
    """Minute of row `i`, floor, also below zero; NEVER past the course's last row."""
    return (time[i] - zero) // MICROSECONDS_A_MINUTE if i < last else NEVER


def place(position: int, due: int, minute: int) -> int:
    """Row behind a sign; -1 never charted, -2 - row once expired or dropped."""
    return position if position < 0 or minute < due else -2 - position


ACT = np.dtype(
    [("minute", "i4"), ("rank", "i4"), ("kind", "i4"), ("code", "i4"), ("key", "i4"), ("flag", "i4"), ("read", "i4"),
     ("value", "f8"), ("value2", "f8"), ("position", "i4")], align=True
)  # fmt: skip
EPISODE = np.dtype([("course", "i4"), ("number", "i4"), ("onset", "i4"), ("end", "i4"), ("closed_at", "i4"), ("how", "i4"), ("prior", "i4")], align=True)


def _cohort(
    courses: Any, zero: Any, first: Any, last: Any, act_first: Any, act_last: Any, time: Any, read_time: Any, code: Any,
    value: Any, rank: Any, acts: Any, rules: Any, lookback: int, every: bool, who: Any, when: Any, what: Any, where: Any,
    episodes: Any,
) -> tuple[int, int]:  # fmt: skip
    """Fills `who`, `when`, `what` (and `where` if `every`) and `episodes`; returns how many of each, or -1 on overflow."""
    slots, orders, since, start = np.zeros(SLOTS, SLOT), np.zeros(ORDERS, ORDER), np.zeros(PRESSORS, np.int32), np.zeros(PRESSORS, np.int32)
    n, e = 0, 0
    r = rules[0]
    for w in range(zero.size):
        c = courses[w]
        steps.begin(slots, orders, since, c)
        i, j, started = first[w], act_first[w], False
        ahead = minute_at(time, i, last[w], zero[w])
        while ahead < -lookback:
            i += 1
            ahead = minute_at(time, i, last[w], zero[w])
        before = LONG_AGO
        previous = np.int64(-1)
        while True:
            minute = ahead
            if j < act_last[w]:
                minute = min(minute, np.int64(acts[j].minute))
            if not started and minute >= 0:
                minute = 0
            if c.soonest < minute:
                c.soonest = steps.next_due(slots, orders, since, c, r, before)
                minute = min(minute, np.int64(c.soonest))
            if minute >= c.end or minute == NEVER:
                break
            changes = every or (minute == 0 and not started) or minute == c.soonest or ahead > minute
            started = started or minute >= 0
            steps.pass_time(c, minute)
            while j < act_last[w] and acts[j].minute == minute and acts[j].rank < READING_RANK:
                changes = True
                if not take_act(slots, orders, since, c, r, minute, acts[j], acts[j].position):
                    return -1, w
                j += 1
            while ahead == minute:
                if code[i] >= 0:
                    read = minute if read_time[i] == time[i] else minute_at(read_time, i, last[w], zero[w])
                    changes |= steps.arrive_reading(slots, c, r, np.int32(code[i]), minute, np.int32(read), value[i], np.int32(rank[i]), np.int32(i))
                i += 1
                ahead = minute_at(time, i, last[w], zero[w])
            while j < act_last[w] and acts[j].minute == minute:
                changes = True
                if not take_act(slots, orders, since, c, r, minute, acts[j], acts[j].position):
                    return -1, w
                j += 1
            if not changes:
                continue
            situation = steps.settle(slots, orders, since, start, c, r, minute)
            before = minute
            if c.ended:
                episodes[e].course, episodes[e].number, episodes[e].onset = w, c.number, c.ended_onset
                episodes[e].end, episodes[e].closed_at, episodes[e].how, episodes[e].prior = c.ended_end, c.ended_at, c.ended, c.ended_prior
                c.ended = 0
                e += 1
            if minute >= 0 and (every or situation != previous):
                if n == who.size:
                    return -2, w
                who[n], when[n], what[n] = w, minute, situation
                if every:
                    for k in range(SLOTS):
                        where[n, k] = place(slots[k].position, slots[k].due, minute)
                    where[n, SLOTS] = place(c.device_position, c.device_due, minute)
                    where[n, SLOTS + 1] = c.pressor_position
                n += 1
                previous = situation
        if c.open:
            episodes[e].course, episodes[e].number, episodes[e].onset, episodes[e].prior = w, c.number, c.onset, c.began_prior
            episodes[e].end, episodes[e].closed_at, episodes[e].how = NEVER, NEVER, 0
            e += 1
    return n, e


@functools.cache
def cohort() -> Any:
    """The compiled cohort driver."""
    for name in _PLAIN:
        inline(getattr(steps, name))
    inline(take_act)
    inline(place)
    inline(minute_at)
    return compiled(_cohort)


def _tick(slots: Any, orders: Any, since: Any, courses: Any, rules: Any, minute: int, who: Any, acts: Any, before: Any, out: Any) -> None:
    """One minute of many patients: their acts (sorted by patient and rank), then what is known of each (driver of simulate).

    A patient's own changes between ticks (expiries, overlaps) are settled on the way; `before` holds the minute each was
    settled last.
    """
    start = np.zeros(PRESSORS, np.int32)
    r = rules[0]
    j = 0
    for w in range(courses.size):
        c = courses[w]
        while True:
            due = steps.next_due(slots[w], orders[w], since[w], c, r, before[w])
            if due >= minute:
                break
            steps.pass_time(c, due)
            steps.settle(slots[w], orders[w], since[w], start, c, r, due)
            before[w] = due
        steps.pass_time(c, minute)
        while j < acts.size and who[j] == w:
            take_act(slots[w], orders[w], since[w], c, r, minute, acts[j], acts[j].position)
            j += 1
        out[w] = steps.settle(slots[w], orders[w], since[w], start, c, r, minute)
        before[w] = minute


@functools.cache
def tick() -> Any:
    """The compiled tick driver."""
    cohort()
    return compiled(_tick)
