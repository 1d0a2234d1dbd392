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
    AXES,
    CARTOX10,
    DEVICE,
    DEVICE_STOP,
    DOUBT,
    ENDED_RECORDS,
    FLUID,
    ICE,
    LONG_AGO,
    MASKING,
    MEAN,
    NARROW,
    NEVER,
    OF_CARE,
    OF_DRUGS,
    ORDER_RUNS,
    ORDER_STOP,
    PRESSORS,
    PRODUCT,
    READING,
    SETTINGS,
    SLOTS,
    SPO2,
    STAY_END,
    STAY_START,
    SYSTOLIC,
    TEMPERATURE,
    TOCILIZUMAB,
    UNSURE,
    begin_wide,
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
            low_wins = k == SYSTOLIC or k == MEAN or k == SPO2 or k == ICE or k == CARTOX10
            if (value >= s.value) if low_wins else (value <= s.value):
                return False
    changes = not same_side(c, rules, k, minute < s.due, s.value, value)
    if k == SYSTOLIC and read > s.read:
        c.previous_low = 1 if s.read > LONG_AGO and s.value < c.limit_low else 0
        c.previous_due = s.due
    if k >= ICE and k < NARROW:
        c.neuro = 1
    s.value = value
    s.read = read
    s.rank = rank
    s.position = position
    window = rules.windows[k]
    if (k == ICE or k == CARTOX10) and value < 10:
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
    begin_wide(c)
    if starts:
        c.covered = 1
        return
    c.covered = 0
    for k in range(SLOTS):
        slots[k].due = LONG_AGO
        slots[k].read = LONG_AGO
    c.previous_low = 0
    c.previous_due = LONG_AGO
    c.seen_read = LONG_AGO
    for d in range(2 * PRESSORS):
        since[d] = NEVER
    for axis in range(AXES):
        c.attribution[axis] = UNSURE
        c.attribution_read[axis] = LONG_AGO
    c.orders_used = 0
    c.device_due = LONG_AGO
    c.device_start = LONG_AGO
    c.support = -1
    c.flow_read = LONG_AGO
    c.fio2_read = LONG_AGO
    c.intubated = LONG_AGO
    c.may_open = 0
    if c.open:
        end_episode(c, minute, ENDED_RECORDS)


def arrive_masking(c: Any, rules: Any, group: int, minute: int) -> None:
    """An antipyretic, steroid or anticytokine dose taken in while the episode is open waives the fever."""
    if c.covered and c.may_open:
        arrive_possible_masking(c, rules, group, minute)
    if c.covered == 0 or c.open == 0:
        return
    if group == ANTIPYRETIC:
        c.last_antipyretic = minute
        if rules.waive_antipyretic:
            c.waived = 1
    else:
        c.last_steroid = minute
        c.waived = 1


def arrive_possible_masking(c: Any, rules: Any, group: int, minute: int) -> None:
    """The same dose while the episode may be open: then the waiver cannot be excluded."""
    if group == ANTIPYRETIC:
        c.may_antipyretic = minute
        if rules.waive_antipyretic:
            c.may_waived = 1
    else:
        c.may_steroid = minute
        c.may_waived = 1


def arrive_doubt(c: Any, of: int) -> None:
    """A row charted to the day has become known: from now on no missing row of its kind proves that there was none."""
    if of == OF_DRUGS:
        c.covers_drugs = 0
    elif of == OF_CARE:
        c.covers_care = 0
    else:
        c.supports_open = 1


def arrive_tocilizumab(c: Any, minute: int) -> None:
    """One administration (split vials merged before)."""
    c.tocilizumab += 1
    c.last_tocilizumab = minute


def arrive_fluid(c: Any, rules: Any, read: int, sure: int) -> None:
    """A bolus (`sure`), or a fluid dose that may be one; the two that count longest are kept."""
    if c.covered == 0:
        return
    keep_longest(c.maybe_bolus, read + rules.fluid_window)
    if sure:
        keep_longest(c.bolus, read + rules.fluid_window)


def keep_longest(dues: Any, due: int) -> None:
    """Takes `due` in among the two latest."""
    if due > dues[0]:
        dues[1] = dues[0]
        dues[0] = due
    elif due > dues[1]:
        dues[1] = due


def arrive_product(c: Any, rules: Any, read: int) -> None:
    """Plasma, cryoprecipitate or fibrinogen."""
    if c.covered and read + rules.product_window > c.product:
        c.product = read + rules.product_window


def arrive_device(c: Any, rules: Any, minute: int, act: Any) -> None:
    """A device row: the newest start wins; at the same start the higher class, then the later stop.

    A row that arrives after its own printed stop is over: it says room air since then, and yields to one that runs.
    """
    if c.covered == 0 or act.read < c.device_start:
        return
    over = 1 if act.stop <= minute else 0
    if act.read == c.device_start and c.support >= 0 and minute < c.device_due:
        if over != c.device_over:
            if over:
                return
        elif over:
            if act.stop <= c.device_stop:
                return
        elif not worse_device(c, rules, act):
            return
    known = c.support >= 0 and minute < c.device_due
    if act.code == rules.ventilator and known and c.support != act.code:
        c.intubated = minute
        if minute + rules.after_intubation < c.soonest:
            c.soonest = minute + rules.after_intubation
    c.device_start = act.read
    c.device_stop = act.stop
    c.device_over = over
    c.device_low, c.device_high = oxygen_class(rules, act.code, act.value, act.value2, act.flag)
    c.device_position = act.position
    hold_device(c, rules, minute, act.code, act.read, act.value, act.value2, act.flag, act.key)
    if act.stop <= minute and act.stop < c.device_due:
        hold_device(c, rules, minute, rules.room_air, act.stop, np.nan, np.nan, 0, -1)


def worse_device(c: Any, rules: Any, act: Any) -> bool:
    """Whether a row outranks the one of the same start, stopped or not: the higher class, then the later stop."""
    low, high = oxygen_class(rules, act.code, act.value, act.value2, act.flag)
    if low != c.device_low:
        return low > c.device_low
    return high > c.device_high or (high == c.device_high and act.stop > c.device_stop)


def hold_device(
    c: Any, rules: Any, minute: int, device: int, start: int, flow: float, fio2: float, excluded: int, key: int
) -> None:
    """The device held from `start` on, for its window."""
    c.support = device
    c.device_due = start + rules.device_valid
    c.device_key = key
    # even: the minute of a settings row, twice; odd: the device's own, which only settings no older than it outlive
    if c.flow_read < 2 * start or c.flow_read % 2:
        c.flow = flow
        c.flow_read = 2 * start - 1
    if c.fio2_read < 2 * start or c.fio2_read % 2:
        c.fio2 = fio2
        c.fio2_read = 2 * start - 1
    c.excluded = excluded
    if c.device_due > minute and c.device_due < c.soonest:
        c.soonest = c.device_due


def arrive_settings(c: Any, read: int, flow: float, fio2: float) -> None:
    """A row without a device: flow and FiO2 of the device that started no later; its window is not renewed.

    Settings older than the device or than those held are ignored; of two in one minute the higher counts.
    """
    if c.covered == 0:
        return
    if flow == flow and (2 * read > c.flow_read or (2 * read == c.flow_read and flow > c.flow)):
        c.flow = flow
        c.flow_read = 2 * read
    if fio2 == fio2 and (2 * read > c.fio2_read or (2 * read == c.fio2_read and fio2 > c.fio2)):
        c.fio2 = fio2
        c.fio2_read = 2 * read


def arrive_device_stop(c: Any, rules: Any, minute: int, key: int) -> None:
    """The stop printed in a device's row: room air from then on, if that device is still the one held."""
    if c.covered == 0 or c.support < 0 or c.device_key != key or minute >= c.device_due:
        return
    hold_device(c, rules, minute, rules.room_air, minute, np.nan, np.nan, 0, -1)


def arrive_attribution(c: Any, axis: int, read: int, value: int) -> None:
    """A reviewer's word on one axis; it holds until the next, or the end of the stay."""
    if c.covered == 0 or read < c.attribution_read[axis]:
        return
    if read == c.attribution_read[axis] and value < c.attribution[axis]:
        return
    c.attribution[axis] = value
    c.attribution_read[axis] = read


def take_act(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int, act: Any, position: int) -> bool:
    """One act into the state; False if a course has more running orders than there is room for."""
    kind = act.kind
    if kind == ORDER_RUNS:
        return arrive_order(orders, c, rules, minute, act, True, position)
    if kind == ORDER_STOP:
        if act.flag == 1:
            arrive_order_stop(orders, c, act.key, position)
        else:
            return arrive_order(orders, c, rules, minute, act, False, position)
    elif kind == DEVICE:
        arrive_device(c, rules, minute, act)
    elif kind == SETTINGS:
        arrive_settings(c, act.read, act.value, act.value2)
    elif kind == DEVICE_STOP:
        arrive_device_stop(c, rules, minute, act.key)
    elif kind == MASKING:
        arrive_masking(c, rules, act.code, minute)
    elif kind == TOCILIZUMAB:
        arrive_tocilizumab(c, minute)
    elif kind == FLUID:
        arrive_fluid(c, rules, act.read, act.flag)
    elif kind == PRODUCT:
        arrive_product(c, rules, act.read)
    elif kind == ASSESSED or kind == READING:
        arrive_reading(slots, c, rules, act.code, minute, act.read, act.value, act.flag, position)
    elif kind == ATTRIBUTED:
        arrive_attribution(c, act.code, act.read, act.flag)
    elif kind == DOUBT:
        arrive_doubt(c, act.code)
    elif kind == STAY_START:
        arrive_stay(slots, since, c, minute, True)
    elif kind == STAY_END:
        arrive_stay(slots, since, c, minute, False)
    return True
