"""The one body of every sign: plain functions over small records of state, compiled by `kernel`, called by `course`.

`arrive_*` takes in what was charted, `settle` says what is known once everything of a minute has been taken in, and
`next_due` says when that changes without any new record. The rules are docs/signs.md, sentence by sentence.
"""

# ruff: noqa: SIM102, SIM114 - compiled code, kept in the shape of the rule book
from __future__ import annotations

from typing import Any

import numpy as np

NEVER = 2**30  # far enough from the ends of Int32 that sums of minutes cannot overflow
LONG_AGO = -(2**29)
MINUTES_A_DAY = 1440

# slots: values that are read and stay known for a window
TEMPERATURE, SYSTOLIC, MEAN, SPO2, ICE, CAPD, CONSCIOUSNESS, SEIZURE, MOTOR, OEDEMA = range(10)
SLOTS = 10
SLOT_NAMES = (
    "temperature", "systolic", "mean_pressure", "spo2", "ice", "capd", "consciousness", "seizure", "motor_weakness",
    "oedema",
)  # fmt: skip
CONSCIOUSNESS_WORDS = ("awake", "to_voice", "to_touch", "unarousable", "sedated")
SEIZURE_WORDS = ("none", "resolved", "nonconvulsive", "prolonged", "repetitive")
MOTOR_WORDS = ("no", "yes")
OEDEMA_WORDS = ("none", "focal", "diffuse", "raised_pressure")
SEDATED = 4

# acts: what is not a number read at an instant
(STAY_START, ORDER_STOP, DEVICE_STOP, ORDER_RUNS, MASKING, TOCILIZUMAB, DEVICE, SETTINGS, ASSESSED, ATTRIBUTED, STAY_END,
 READING) = range(12)
# order inside a minute: stay starts, stops, starts, readings, stay ends; an act's rank is this times two
RANKS = {STAY_START: 0, ORDER_STOP: 2, DEVICE_STOP: 2, ORDER_RUNS: 4, MASKING: 4, TOCILIZUMAB: 4, DEVICE: 4,
         SETTINGS: 6, ASSESSED: 6, ATTRIBUTED: 6, READING: 8, STAY_END: 10}  # fmt: skip
READING_RANK = RANKS[READING]
ANTIPYRETIC, STEROID, ANTICYTOKINE = 1, 2, 3
FEVER_AXIS, HYPOTENSION_AXIS, OXYGEN_AXIS, NEURO_AXIS = range(4)
YES, NO, UNSURE = 1, 0, 2

# oxygen class rules of vocabulary/devices.csv
CLASS_RULES = ("none", "by_flow", "by_flow_high", "low", "high", "by_fio2", "positive_pressure", "ventilator",
               "unknown_oxygen", "unrecognised")  # fmt: skip
(R_NONE, R_CANNULA, R_HFNC, R_LOW, R_HIGH, R_BY_FIO2, R_POSITIVE, R_VENTILATOR, R_SOME_OXYGEN, R_UNRECOGNISED) = range(10)
FIO2_FIXED, FIO2_CANNULA, FIO2_MASK = range(3)

SLOT = np.dtype([("value", "f8"), ("read", "i4"), ("due", "i4"), ("position", "i4"), ("rank", "i4")], align=True)
ORDER = np.dtype(
    [("key", "i4"), ("drug", "i4"), ("start", "i4"), ("due", "i4"), ("position", "i4"), ("running", "i1")], align=True
)
ORDERS = 48
PRESSORS = 16
COURSE = np.dtype(
    [
        # fixed for the course
        ("limit_low", "f8"), ("limit_high", "f8"), ("uses_ice", "i1"), ("uses_capd", "i1"), ("infusion", "i1"),
        ("covers_drugs", "i1"), ("stays_given", "i1"), ("end", "i4"),
        # state
        ("covered", "i1"), ("neuro", "i1"), ("soonest", "i4"), ("orders_used", "i4"), ("pressor_position", "i4"),
        ("previous_low", "i1"), ("previous_due", "i4"),
        ("support", "i4"), ("device_start", "i4"), ("device_due", "i4"), ("device_position", "i4"), ("device_key", "i4"),
        ("flow", "f8"), ("fio2", "f8"), ("excluded", "i1"), ("intubated", "i4"),
        ("attribution", "i1", (4,)),
        ("open", "i1"), ("number", "i4"), ("onset", "i4"), ("last_held", "i4"), ("last_fever", "i4"), ("waived", "i1"),
        ("last_antipyretic", "i4"), ("last_steroid", "i4"), ("prior_fever", "i1"), 
        ("last_febrile_read", "i4"), ("seen_read", "i4"), ("fever_was", "i1"), ("held_was", "i1"), ("began_prior", "i1"),
        ("tocilizumab", "i4"), ("last_tocilizumab", "i4"), ("ended", "i1"), ("ended_onset", "i4"), ("ended_end", "i4"),
        ("ended_at", "i4"), ("ended_prior", "i1"),
    ],
    align=True,
)  # fmt: skip
RULES = np.dtype(
    [
        ("fever", "f8"), ("mean_below", "f8"), ("ice_low", "i4"), ("confirm", "i1"), ("silent", "i4"), ("overlap", "i4"),
        ("after_intubation", "i4"), ("device_valid", "i4"), ("assume_oxygen", "i1"), ("marshall", "i1"),
        ("prior_fever", "i4"), ("fever_free", "i4"), ("search", "i4"), ("carry", "i4"), ("waive_antipyretic", "i1"),
        ("resolve", "i4"), ("mask_antipyretic", "i4"), ("mask_steroid", "i4"), ("assume_neuro", "i1"),
        ("windows", "i4", (SLOTS,)), ("pressors", "i4"), ("vasopressin", "i1", (PRESSORS,)),
        ("ventilator", "i4"), ("room_air", "i4"), ("class_rule", "i1", (32,)), ("fio2_rule", "i1", (32,)), ("fio2_default", "f8", (32,)),
    ],
    align=True,
)  # fmt: skip
ENDED_RESOLVED, ENDED_RECORDS = 1, 2

# the situation: what is known at a minute, packed into one integer; name, bits (highest value = unknown where it can be)
FIELDS = (
    ("fever", 2), ("fever_carried", 1), ("fever_waived", 1), ("hypotension", 2), ("vasopressors", 2),
    ("vasopressors_at_most", 2), ("vasopressors_all", 2), ("vasopressors_all_at_most", 2), ("oxygen", 3),
    ("oxygen_at_most", 3), ("fio2_at_least_040", 2), ("ice", 4), ("capd", 6), ("consciousness", 3), ("seizure", 3),
    ("motor_weakness", 2), ("oedema", 3), ("uses_ice", 1), ("uses_capd", 1), ("episode_open", 1),
    ("isolated_low_pressure", 1), ("provisional", 1), ("oxygen_assumed", 1), ("fio2_estimated", 1),
    ("attribution_reviewed", 1), ("fever_before_infusion", 1), ("pressor_silent", 1), ("covered", 1),
    ("tocilizumab_doses", 3),
)  # fmt: skip
NEURO_UNKNOWN = np.int64(15 << 22 | 63 << 26 | 7 << 32 | 7 << 35 | 3 << 38 | 7 << 40)


def begin(slots: Any, orders: Any, since: Any, c: Any) -> None:
    """Empty state; the course's fixed fields are left as they are."""
    for k in range(SLOTS):
        slots[k].due = LONG_AGO
        slots[k].read = LONG_AGO
        slots[k].position = -1
    for d in range(PRESSORS):
        since[d] = NEVER
    c.covered = 1 - c.stays_given
    c.neuro = 0
    c.soonest = NEVER
    c.orders_used = 0
    c.pressor_position = -1
    c.previous_low = 0
    c.previous_due = LONG_AGO
    c.device_due = LONG_AGO
    c.device_start = LONG_AGO
    c.device_position = -1
    c.support = -1
    c.intubated = LONG_AGO
    for a in range(4):
        c.attribution[a] = UNSURE
    c.open = 0
    c.number = 0
    c.last_held = LONG_AGO
    c.last_fever = LONG_AGO
    c.waived = 0
    c.last_antipyretic = LONG_AGO
    c.last_steroid = LONG_AGO
    c.prior_fever = 0
    c.last_febrile_read = LONG_AGO
    c.seen_read = LONG_AGO
    c.fever_was = 0
    c.held_was = 0
    c.tocilizumab = 0
    c.last_tocilizumab = LONG_AGO
    c.ended = 0


def arrive_reading(slots: Any, c: Any, rules: Any, k: int, minute: int, read: int, value: float, rank: int, position: int) -> bool:
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


def end_episode(c: Any, minute: int, how: int) -> None:
    """Closes the open episode; the driver reads `ended*` after `settle`."""
    c.open = 0
    c.waived = 0
    c.ended = how
    c.ended_onset = c.onset
    c.ended_end = c.last_held + 1
    c.ended_at = minute
    c.ended_prior = c.began_prior


def pass_time(c: Any, minute: int) -> None:
    """Called first at each minute: what held until now held up to the minute before."""
    if c.fever_was:
        c.last_fever = minute - 1
    if c.held_was:
        c.last_held = minute - 1


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


def arrive_order(orders: Any, c: Any, rules: Any, key: int, drug: int, minute: int, start: int, runs: bool, position: int) -> bool:
    """A row of an order: it runs from `start`, or (rate 0) it is stopped. False if there is no room for the order."""
    if c.covered == 0:
        return True
    at = -1
    for i in range(c.orders_used):
        if orders[i].key == key:
            at = i
    if at < 0:
        if not runs:
            return True
        if c.orders_used < ORDERS:
            at = c.orders_used
            c.orders_used += 1
        else:
            for i in range(ORDERS):
                if orders[i].running == 0:
                    at = i
            if at < 0:
                return False
    elif start < orders[at].start:
        return True
    o = orders[at]
    o.key = key
    o.drug = drug
    o.start = start
    o.running = 1 if runs else 0
    o.due = start + rules.silent
    o.position = position
    c.pressor_position = position
    if runs and o.due > minute and o.due < c.soonest:
        c.soonest = o.due
    return True


def arrive_order_stop(orders: Any, c: Any, key: int, position: int) -> None:
    """The stop printed in row `position` of an order: ends it unless a later row has replaced that row."""
    for i in range(c.orders_used):
        if orders[i].key == key and orders[i].position == position and orders[i].running:
            orders[i].running = 0


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


def arrive_device(c: Any, rules: Any, device: int, minute: int, start: int, flow: float, fio2: float, excluded: int, position: int, key: int) -> None:
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


def oxygen_class(rules: Any, device: int, flow: float, fio2: float, excluded: int) -> tuple[int, int]:
    """Lowest and highest class the device can be: 0 none, 1 low flow, 2 high flow, 3 positive pressure, 4 ventilator."""
    rule = rules.class_rule[device]
    if rule == R_NONE:
        return 0, 0
    if rule == R_CANNULA:
        return (2, 2) if flow > 6.0 else (1, 1)
    if rule == R_HFNC:
        return (1, 1) if flow <= 6.0 else (2, 2)
    if rule == R_LOW:
        return 1, 1
    if rule == R_HIGH:
        return 2, 2
    if rule == R_BY_FIO2:
        if fio2 != fio2:
            return 0, 2
        return (2, 2) if fio2 > 0.21 else (0, 0)
    if rule == R_POSITIVE or rule == R_VENTILATOR:
        if excluded:
            return 0, 0
        return (3, 3) if rule == R_POSITIVE else (4, 4)
    if rule == R_SOME_OXYGEN:
        return 1, 4
    return 0, 4


def fio2_estimate(rules: Any, device: int, flow: float) -> float:
    """FiO2 where none is recorded (specification 1.4); NaN where no table gives one."""
    rule = rules.fio2_rule[device]
    if rule == FIO2_FIXED or flow != flow:
        return rules.fio2_default[device]
    if rules.marshall:
        if flow <= 2:
            return 0.25
        if flow <= 4:
            return 0.30
        if flow <= 8:
            return 0.40
        return 0.50 if flow <= 10 else 0.60
    if rule == FIO2_CANNULA:
        return min(1.0, 0.20 + 0.04 * flow)
    if flow < 6:
        return 0.40
    return 0.50 if flow < 7 else 0.60


def count_pressors(orders: Any, since: Any, start: Any, c: Any, rules: Any, minute: int, vasopressin: bool, possible: bool) -> int:
    """Vasopressors running together at `minute`, capped at 2; `possible` counts the silent orders and the just intubated."""
    first, running = NEVER, 0
    for d in range(rules.pressors):
        begun = since[d] if since[d] != NEVER else (start[d] if possible else NEVER)
        if begun == NEVER or (rules.vasopressin[d] and not vasopressin) or (not possible and held_back(c, rules, begun, minute)):
            continue
        running += 1
        if begun < first:
            first = begun
    if running < 2:
        return running
    count, skipped = 1, False
    for d in range(rules.pressors):
        begun = since[d] if since[d] != NEVER else (start[d] if possible else NEVER)
        if begun == NEVER or (rules.vasopressin[d] and not vasopressin) or (not possible and held_back(c, rules, begun, minute)):
            continue
        if begun == first and not skipped:
            skipped = True
        elif minute >= begun + rules.overlap:
            count += 1
    return min(count, 2)


def held_back(c: Any, rules: Any, begun: int, minute: int) -> bool:
    """A vasopressor begun in the hour after intubation does not count before that hour is over."""
    until = c.intubated + rules.after_intubation
    return c.intubated != LONG_AGO and c.intubated <= begun and begun < until and minute < until


def settle_orders(orders: Any, since: Any, start: Any, c: Any, rules: Any, minute: int) -> int:
    """Which drugs run surely (`since`) and which may (`start` of the silent order); returns 1 if any order is silent."""
    silent = 0
    for d in range(rules.pressors):
        start[d] = NEVER
    for d in range(rules.pressors):
        sure = False
        for i in range(c.orders_used):
            o = orders[i]
            if o.running and o.drug == d:
                if minute < o.due:
                    sure = True
                else:
                    silent = 1
                    start[d] = min(start[d], o.start)
        if not sure:
            since[d] = NEVER
        elif since[d] == NEVER:
            since[d] = minute
            if minute + rules.overlap < c.soonest:
                c.soonest = minute + rules.overlap
    return silent


def known(slots: Any, k: int, minute: int) -> bool:
    """Whether slot `k` holds a value that has not expired."""
    return minute < slots[k].due


def hypotension_of(slots: Any, c: Any, rules: Any, pressors: int, minute: int) -> int:
    """0 no, 1 yes, 2 unknown."""
    systolic = 2
    if known(slots, SYSTOLIC, minute):
        value = slots[SYSTOLIC].value
        systolic = 1 if value < c.limit_low else (0 if value >= c.limit_high else 2)
        if systolic == 1 and rules.confirm and pressors == 0 and not (c.previous_low and minute < c.previous_due):
            systolic = 2
    if rules.mean_below > 0 and known(slots, MEAN, minute):
        if slots[MEAN].value < rules.mean_below:
            return 1
        if systolic == 2 and not known(slots, SYSTOLIC, minute):
            return 0
    return systolic


def settle_episode(slots: Any, c: Any, rules: Any, minute: int, fever: int, hypotension: int, pressors: int, oxygen: int) -> None:
    """The state of the CRS episode: opening, what keeps it open, closing."""
    other = hypotension == 1 or pressors > 0 or oxygen > 0
    held = fever == 1 or other
    reads = known(slots, TEMPERATURE, minute) and slots[TEMPERATURE].read > c.seen_read
    fresh = 0
    if reads:
        c.seen_read = slots[TEMPERATURE].read
        if fever == 1:
            fresh = 1 if c.seen_read - c.last_febrile_read >= rules.fever_free else 0
            c.last_febrile_read = c.seen_read
    if fever == 1:
        c.last_fever = minute
    if held:
        c.last_held = minute
    if c.open == 0 and fever == 1 and minute >= 0 and (c.infusion == 0 or minute <= rules.search):
        if c.prior_fever == 0 or fresh or other:
            c.open = 1
            c.number += 1
            c.onset = minute
            c.waived = 0
            c.began_prior = c.prior_fever
            c.prior_fever = 0
            c.last_antipyretic = LONG_AGO
            c.last_steroid = LONG_AGO
    if c.open:
        closes = closing_minute(c, rules)
        if minute >= closes and fever == 0 and known(slots, TEMPERATURE, minute) and not held:
            end_episode(c, minute, ENDED_RESOLVED)
        else:
            if minute < closes and closes < c.soonest:
                c.soonest = closes
            carry = c.last_fever + rules.carry
            if fever != 1 and carry > minute and carry < c.soonest:
                c.soonest = carry
    c.fever_was = 1 if fever == 1 else 0
    c.held_was = 1 if held else 0


def closing_minute(c: Any, rules: Any) -> int:
    """The earliest minute at which the open episode may close, as far as is known."""
    closes = c.last_held + rules.resolve
    if c.last_antipyretic != LONG_AGO:
        closes = max(closes, c.last_antipyretic + rules.mask_antipyretic)
    if c.last_steroid != LONG_AGO:
        closes = max(closes, c.last_steroid + rules.mask_steroid)
    return closes


def settle_neurology(slots: Any, c: Any, rules: Any, minute: int) -> int:
    """ICE, CAPD, consciousness, seizure, motor weakness and oedema, packed at their places."""
    sedated = known(slots, CONSCIOUSNESS, minute) and slots[CONSCIOUSNESS].value == SEDATED
    ice, capd, awake = 15, 63, 7
    if c.uses_ice and not sedated and known(slots, ICE, minute):
        ice = int(slots[ICE].value)
    if c.uses_capd and not sedated and known(slots, CAPD, minute):
        capd = int(slots[CAPD].value)
    if not sedated and known(slots, CONSCIOUSNESS, minute):
        awake = int(slots[CONSCIOUSNESS].value)
    scored = rules.assume_neuro and (ice != 15 or capd != 63)
    seizure = int(slots[SEIZURE].value) if known(slots, SEIZURE, minute) else (0 if scored else 7)
    motor = int(slots[MOTOR].value) if known(slots, MOTOR, minute) else (0 if scored else 3)
    oedema = int(slots[OEDEMA].value) if known(slots, OEDEMA, minute) else (0 if scored else 7)
    if c.attribution[NEURO_AXIS] == NO:
        ice, capd, awake, seizure, motor, oedema = 10, 0, 0, 0, 0, 0
    packed = np.int64(ice) << 22
    packed |= np.int64(capd) << 26
    packed |= np.int64(awake) << 32
    packed |= np.int64(seizure) << 35
    packed |= np.int64(motor) << 38
    packed |= np.int64(oedema) << 40
    return packed


def settle(slots: Any, orders: Any, since: Any, start: Any, c: Any, rules: Any, minute: int) -> int:
    """What is known at `minute`, packed by FIELDS; advances the episode and sets when it may change by itself."""
    fever = 2
    if known(slots, TEMPERATURE, minute):
        fever = 1 if slots[TEMPERATURE].value >= rules.fever else 0
    if c.attribution[FEVER_AXIS] == NO:
        fever = 0

    low, high, all_low, all_high, silent = 0, 2, 0, 2, 0
    if c.orders_used:
        silent = settle_orders(orders, since, start, c, rules, minute)
        all_low = count_pressors(orders, since, start, c, rules, minute, True, False)
        low = 0 if all_low == 0 else max(1, count_pressors(orders, since, start, c, rules, minute, False, False))
        if c.covered and c.covers_drugs:
            all_high = count_pressors(orders, since, start, c, rules, minute, True, True)
            high = 0 if all_high == 0 else max(1, count_pressors(orders, since, start, c, rules, minute, False, True))
    elif c.covered and c.covers_drugs:
        high, all_high = 0, 0

    hypotension = hypotension_of(slots, c, rules, all_low, minute)
    systolic_low = known(slots, SYSTOLIC, minute) and slots[SYSTOLIC].value < c.limit_low
    if c.attribution[HYPOTENSION_AXIS] == NO:
        hypotension, low, high, all_low, all_high = 0, 0, 0, 0, 0
    isolated = 1 if hypotension == 1 and systolic_low and all_low == 0 and c.previous_low == 0 else 0

    oxygen, oxygen_high, assumed, provisional, estimated, forty = 0, 4, 0, 0, 0, 2
    if c.support >= 0 and minute < c.device_due:
        oxygen, oxygen_high = oxygen_class(rules, c.support, c.flow, c.fio2, c.excluded)
        fio2 = c.fio2
        if fio2 != fio2:
            fio2 = fio2_estimate(rules, c.support, c.flow)
            estimated = 1 if fio2 == fio2 and rules.class_rule[c.support] != R_NONE else 0
        if fio2 == fio2:
            forty = 1 if fio2 >= 0.40 - 1e-9 else 0
    elif rules.assume_oxygen and known(slots, SPO2, minute) and slots[SPO2].value >= 92:
        oxygen_high, assumed = 0, 1
    if oxygen == 0 and known(slots, SPO2, minute) and slots[SPO2].value < 90:
        oxygen, oxygen_high, provisional = 1, max(1, oxygen_high), 1
    if c.attribution[OXYGEN_AXIS] == NO:
        oxygen, oxygen_high, provisional, assumed = 0, 0, 0, 0

    if minute == 0 and c.infusion:
        c.prior_fever = 1 if c.last_fever != LONG_AGO and c.last_fever >= -rules.prior_fever else 0
    settle_episode(slots, c, rules, minute, fever, hypotension, all_low, oxygen)
    carried = 0
    if c.open and (minute - c.last_fever < rules.carry or (fever == 2 and (all_low > 0 or oxygen > 0))):
        carried = 1

    neuro = settle_neurology(slots, c, rules, minute) if c.neuro or c.attribution[NEURO_AXIS] == NO else NEURO_UNKNOWN

    reviewed = 0
    for a in range(3):
        if c.attribution[a] != UNSURE:
            reviewed = 1
    packed = np.int64(fever)
    packed |= np.int64(carried) << 2
    packed |= np.int64(c.waived) << 3
    packed |= np.int64(hypotension) << 4
    packed |= np.int64(low) << 6
    packed |= np.int64(high) << 8
    packed |= np.int64(all_low) << 10
    packed |= np.int64(all_high) << 12
    packed |= np.int64(oxygen) << 14
    packed |= np.int64(oxygen_high) << 17
    packed |= np.int64(forty) << 20
    packed |= neuro
    packed |= np.int64(c.uses_ice) << 43
    packed |= np.int64(c.uses_capd) << 44
    packed |= np.int64(c.open) << 45
    packed |= np.int64(isolated) << 46
    packed |= np.int64(provisional) << 47
    packed |= np.int64(assumed) << 48
    packed |= np.int64(estimated) << 49
    packed |= np.int64(reviewed) << 50
    packed |= np.int64(c.began_prior if c.open else c.prior_fever) << 51
    packed |= np.int64(silent) << 52
    packed |= np.int64(c.covered) << 53
    packed |= np.int64(min(c.tocilizumab, 7)) << 54
    return packed


def next_due(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int) -> int:
    """The first minute after `minute` at which what is known changes without a new record; NEVER if none."""
    due = NEVER
    for k in range(SLOTS):
        if slots[k].due > minute and slots[k].due < due:
            due = slots[k].due
    if c.device_due > minute and c.device_due < due:
        due = c.device_due
    if c.previous_due > minute and c.previous_due < due and rules.confirm:
        due = c.previous_due
    for i in range(c.orders_used):
        if orders[i].running:
            if orders[i].due > minute and orders[i].due < due:
                due = orders[i].due
            edge = orders[i].start + rules.overlap
            if edge > minute and edge < due:
                due = edge
    for d in range(rules.pressors):
        if since[d] != NEVER and since[d] + rules.overlap > minute and since[d] + rules.overlap < due:
            due = since[d] + rules.overlap
    edge = c.intubated + rules.after_intubation if c.intubated != LONG_AGO else LONG_AGO
    if edge > minute and edge < due:
        due = edge
    if c.open:
        edge = c.last_fever + rules.carry
        if edge > minute and edge < due:
            due = edge
        edge = closing_minute(c, rules)
        if edge > minute and edge < due:
            due = edge
    return due
