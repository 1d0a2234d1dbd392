"""What arrives, taken into the state of a course."""

# ruff: noqa: SIM109 - compiled code, kept in the shape of the rule book
from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.signs.episode import end_episode
from tocsin.signs.oxygen import oxygen_class
from tocsin.signs.pressors import arrive_order, arrive_order_stop
from tocsin.signs.state import (
    ANTIPYRETIC,
    ASSESSED,
    ATTRIBUTED,
    DEVICE,
    DEVICE_STOP,
    ENDED_RECORDS,
    ICE,
    LONG_AGO,
    MASKING,
    MEAN,
    NEVER,
    ORDER_RUNS,
    ORDER_STOP,
    PRESSORS,
    READING,
    SETTINGS,
    SLOTS,
    SPO2,
    STAY_END,
    STAY_START,
    SYSTOLIC,
    TEMPERATURE,
    TOCILIZUMAB,
)


def arrive_reading(
    slots: Any, c: Any, rules: Any, k: int, minute: int, read: int, value: float, rank: int, position: int
) -> bool:
    """A value of slot `k`. The newest `read` wins; in one minute the better method, then the worse value.

    Returns whether the situation may change: a driver may leave `settle` out where it cannot (a normal pressure after a
    normal one, a temperature on the same side of fever), and it must not where anything else happens in that minute.
    """
    s = slots[k]
    if c.covered == 0 or read < s.read:
        return False
    if read == s.read:
        if rank > s.rank:
            return False
        if rank == s.rank:
            low_wins = k == SYSTOLIC or k == MEAN or k == SPO2 or k == ICE
            if (value >= s.value) if low_wins else (value <= s.value):
                return False
    changes = not same_side(c, rules, k, minute < s.due, s.value, value)
    if k == SYSTOLIC and read > s.read:
        c.previous_low = 1 if s.read > LONG_AGO and s.value < c.limit_low else 0
        c.previous_due = s.due
    if k >= ICE:
        c.neuro = 1
    s.value = value
    s.read = read
    s.rank = rank
    s.position = position
    window = rules.windows[k]
    if k == ICE and value < 10:
        window = rules.ice_low
    s.due = read + window
    if s.due > minute and s.due < c.soonest:
        c.soonest = s.due
    if not changes and k == TEMPERATURE:
        c.seen_read = read
        if value >= rules.fever:
            c.last_febrile_read = read
    return changes or minute >= s.due


def same_side(c: Any, rules: Any, k: int, was_known: bool, old: float, new: float) -> bool:
    """Whether a known value and the one that replaces it say the same to every sign."""
    if not was_known:
        return False
    if k == TEMPERATURE:
        return c.prior_fever == 0 and (old >= rules.fever) == (new >= rules.fever)
    return k == SYSTOLIC and c.previous_low == 0 and old >= c.limit_high and new >= c.limit_high


def arrive_stay(slots: Any, since: Any, c: Any, minute: int, starts: bool) -> None:
    """A stay begins, or ends: then every carried value is dropped, every order forgotten, an open episode ended."""
    if starts:
        c.covered = 1
        return
    c.covered = 0
    for k in range(SLOTS):
        slots[k].due = LONG_AGO
    for d in range(PRESSORS):
        since[d] = NEVER
    c.orders_used = 0
    c.device_due = LONG_AGO
    c.support = -1
    c.intubated = LONG_AGO
    if c.open:
        end_episode(c, minute, ENDED_RECORDS)


def arrive_masking(c: Any, rules: Any, group: int, minute: int) -> None:
    """An antipyretic, steroid or anticytokine dose taken in while the episode is open waives the fever."""
    if c.covered == 0 or c.open == 0:
        return
    if group == ANTIPYRETIC:
        c.last_antipyretic = minute
        if rules.waive_antipyretic:
            c.waived = 1
    else:
        c.last_steroid = minute
        c.waived = 1


def arrive_tocilizumab(c: Any, minute: int) -> None:
    """One administration (split vials merged before)."""
    c.tocilizumab += 1
    c.last_tocilizumab = minute


def arrive_device(
    c: Any,
    rules: Any,
    device: int,
    minute: int,
    start: int,
    flow: float,
    fio2: float,
    excluded: int,
    position: int,
    key: int,
) -> None:
    """A device row: the newest start wins, at the same start the higher class."""
    if c.covered == 0 or start < c.device_start:
        return
    if start == c.device_start and c.support >= 0 and minute < c.device_due:
        new_low, new_high = oxygen_class(rules, device, flow, fio2, excluded)
        old_low, old_high = oxygen_class(rules, c.support, c.flow, c.fio2, c.excluded)
        if new_low < old_low or (new_low == old_low and new_high <= old_high):
            return
    known = c.support >= 0 and minute < c.device_due
    if device == rules.ventilator and known and c.support != device:
        c.intubated = minute
        if minute + rules.after_intubation < c.soonest:
            c.soonest = minute + rules.after_intubation
    c.support = device
    c.device_start = start
    c.device_due = start + rules.device_valid
    c.device_position = position
    c.device_key = key
    c.flow = flow
    c.fio2 = fio2
    c.excluded = excluded
    if c.device_due > minute and c.device_due < c.soonest:
        c.soonest = c.device_due


def arrive_settings(c: Any, minute: int, flow: float, fio2: float) -> None:
    """A row without a device: flow and FiO2 of the device held; its window is not renewed."""
    if c.covered == 0 or c.support < 0 or minute >= c.device_due:
        return
    if flow == flow:
        c.flow = flow
    if fio2 == fio2:
        c.fio2 = fio2


def arrive_device_stop(c: Any, rules: Any, minute: int, key: int) -> None:
    """The stop printed in a device's row: room air from then on, if that device is still the one held."""
    if c.covered == 0 or c.support < 0 or c.device_key != key:
        return
    c.support = rules.room_air
    c.device_start = minute
    c.device_due = minute + rules.device_valid
    c.device_key = -1
    c.flow = np.nan
    c.fio2 = np.nan
    c.excluded = 0
    if c.device_due < c.soonest:
        c.soonest = c.device_due


def arrive_attribution(c: Any, axis: int, value: int) -> None:
    """A reviewer's word on one axis; it does not expire."""
    c.attribution[axis] = value


def take_act(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int, act: Any, position: int) -> bool:
    """One act into the state; False if a course has more running orders than there is room for."""
    kind = act.kind
    if kind == ORDER_RUNS:
        return arrive_order(orders, c, rules, act.key, act.code, minute, act.read, act.flag == 1, position)
    if kind == ORDER_STOP:
        if act.flag == 1:
            arrive_order_stop(orders, c, act.key, position)
        else:
            return arrive_order(orders, c, rules, act.key, act.code, minute, act.read, False, position)
    elif kind == DEVICE:
        arrive_device(c, rules, act.code, minute, act.read, act.value, act.value2, act.flag, position, act.key)
    elif kind == SETTINGS:
        arrive_settings(c, minute, act.value, act.value2)
    elif kind == DEVICE_STOP:
        arrive_device_stop(c, rules, minute, act.key)
    elif kind == MASKING:
        arrive_masking(c, rules, act.code, minute)
    elif kind == TOCILIZUMAB:
        arrive_tocilizumab(c, minute)
    elif kind == ASSESSED or kind == READING:
        arrive_reading(slots, c, rules, act.code, minute, act.read, act.value, act.flag, position)
    elif kind == ATTRIBUTED:
        arrive_attribution(c, act.code, act.flag)
    elif kind == STAY_START:
        arrive_stay(slots, since, c, minute, True)
    elif kind == STAY_END:
        arrive_stay(slots, since, c, minute, False)
    return True
