"""What is known once everything of a minute has been taken in, and when that changes by itself.

`settle` and the functions it calls are the one body of every sign: plain functions over small records of state,
compiled by `kernel`, called as they are by `course`. The rules are docs/signs.md, sentence by sentence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.signs.episode import closing_minute, possible_closing, settle_episode, settle_possible
from tocsin.signs.oxygen import fio2_estimate, oxygen_class
from tocsin.signs.pressors import count_pressors, settle_orders
from tocsin.signs.state import (
    CAPD,
    CONSCIOUSNESS,
    FEVER_AXIS,
    HYPOTENSION_AXIS,
    ICE,
    LONG_AGO,
    MEAN,
    MOTOR,
    NEURO_AXIS,
    NEURO_UNKNOWN,
    NEVER,
    NO,
    OEDEMA,
    OXYGEN_AXIS,
    PRESSORS,
    R_NONE,
    SEDATED,
    SEIZURE,
    SPO2,
    SYSTOLIC,
    TEMPERATURE,
    UNSURE,
    known,
)
from tocsin.signs.wide import wide_due


def settle(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int) -> int:
    """What is known at `minute`, packed by FIELDS; advances the episode and sets when it may change by itself."""
    fever = 2
    if known(slots, TEMPERATURE, minute):
        fever = 1 if slots[TEMPERATURE].value >= rules.fever else 0
    if c.attribution[FEVER_AXIS] == NO:
        fever = 0

    low, high, all_low, all_high, silent = 0, 2, 0, 2, 0
    if c.orders_used:
        silent = settle_orders(orders, since, c, rules, minute)
        all_low = count_pressors(since, c, rules, minute, True, False)
        low = 0 if all_low == 0 else max(1, count_pressors(since, c, rules, minute, False, False))
        if c.covered and c.covers_drugs:
            all_high = count_pressors(since, c, rules, minute, True, True)
            high = 0 if all_high == 0 else max(1, count_pressors(since, c, rules, minute, False, True))
    elif c.covered and c.covers_drugs:
        high, all_high = 0, 0

    hypotension = hypotension_of(slots, c, rules, all_low, minute)
    if c.attribution[HYPOTENSION_AXIS] == NO:
        hypotension, low, high, all_low, all_high = 0, 0, 0, 0, 0
    c.all_low, c.all_high, c.silent = all_low, all_high, silent
    c.calm = 1 if fever == 0 and hypotension == 0 else 0
    isolated = 1 if hypotension == 1 and all_low == 0 and c.previous_low == 0 else 0

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
    if c.supports_open:  # a device charted to the day only may run at any minute
        oxygen_high = 4
    if c.attribution[OXYGEN_AXIS] == NO:
        oxygen, oxygen_high, provisional, assumed = 0, 0, 0, 0

    if minute == 0 and c.infusion:
        c.prior_fever = 1 if c.last_fever != LONG_AGO and c.last_fever >= -rules.prior_fever else 0
    settle_episode(slots, c, rules, minute, fever, hypotension, all_low, oxygen)
    may_hold = fever != 0 or hypotension != 0 or all_high > 0 or oxygen_high > 0
    settle_possible(c, rules, minute, fever, may_hold)
    carried, may_carry = 0, 0
    if c.may_open and (minute - c.may_fever < rules.carry or (fever == 2 and (all_high > 0 or oxygen_high > 0))):
        may_carry = 1
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
    may_waive = (c.number > 0 and not c.covers_drugs) or (c.may_open and c.may_waived)  # no drug table, or see above
    packed |= np.int64(may_waive) << 57
    packed |= np.int64(may_carry) << 58
    return int(packed)


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
        ice, capd = 10 if c.uses_ice else 15, 0 if c.uses_capd else 63
        awake, seizure, motor, oedema = 0, 0, 0, 0
    packed = np.int64(ice) << 22
    packed |= np.int64(capd) << 26
    packed |= np.int64(awake) << 32
    packed |= np.int64(seizure) << 35
    packed |= np.int64(motor) << 38
    packed |= np.int64(oedema) << 40
    return int(packed)


def next_due(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int) -> int:
    """The first minute after `minute` at which what is known changes without a new record; NEVER if none."""
    due = wide_due(c, rules, minute) if rules.wide else NEVER
    for k in range(rules.slots):
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
    for d in range(2 * PRESSORS):
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
    if c.may_open:
        edge = c.may_fever + rules.carry
        if c.may_fever_was == 0 and edge > minute and edge < due:
            due = edge
        edge = possible_closing(c, rules)
        if c.may_held_was == 0 and edge > minute and edge < due:
            due = edge
    return due
