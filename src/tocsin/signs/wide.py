"""The wide situation: doses and hours of vasopressors, organs, fluids, products, CARTOX-10 (docs/signs.md, part two).

Settled after the narrow one, and only when a scale asks for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.signs.pressors import held_back
from tocsin.signs.state import (
    ALT,
    AST,
    BILIRUBIN,
    CAPD,
    CARE,
    CARTOX10,
    CONSCIOUSNESS,
    CREATININE,
    CTCAE_CREATININE,
    CTCAE_ORGAN,
    CTCAE_TRANSAMINASE,
    DOPAMINE,
    EPINEPHRINE,
    FIBRINOGEN,
    HYPOTENSION_AXIS,
    ICE,
    LONG_AGO,
    NEURO_AXIS,
    NEVER,
    NO,
    NOREPINEPHRINE,
    ORGAN_AXIS,
    PAPILLOEDEMA,
    PHENYLEPHRINE,
    SEDATED,
    VASOPRESSIN,
    known,
)

NEARLY = 1e-9


def settle_wide(slots: Any, orders: Any, since: Any, c: Any, rules: Any, minute: int) -> int:
    """What is known beyond the narrow situation at `minute`, packed by WIDE_FIELDS; called right after `settle`."""
    covers = 1 if c.covered and c.covers_drugs else 0
    care_covered = covers and c.covers_care
    count_minutes(c, rules, minute)
    lee, penn = settle_dose(orders, since, c, rules, minute, covers)
    long_ = 0
    if c.ran_minutes >= rules.pressor_long:
        long_ = 1
    elif covers == 0 or c.may_minutes >= rules.pressor_long:
        long_ = 2

    fluids, fluids_high = 0, 2
    for k in range(2):
        fluids += 1 if c.bolus[k] > minute else 0
    if care_covered:
        fluids_high = 0
        for k in range(2):
            fluids_high += 1 if c.maybe_bolus[k] > minute else 0
    product = 1 if c.product > minute else (0 if care_covered else 2)
    care = 0 if c.calm else 2  # nobody is treated for CRS without a sign of it
    if known(slots, CARE, minute):
        care = int(slots[CARE].value)

    creatinine = worst(slots, CREATININE, CTCAE_CREATININE, minute)
    transaminase = transaminases(slots, minute)
    organ = organs(slots, creatinine, minute)
    if c.attribution[ORGAN_AXIS] == NO:
        creatinine, transaminase, organ, product = 0, 0, 0, 0

    cartox, papilloedema = settle_cres(slots, c, rules, minute)
    packed = np.int64(lee) | np.int64(penn) << 2 | np.int64(long_) << 4
    packed |= np.int64(fluids) << 6
    packed |= np.int64(fluids_high) << 8
    packed |= np.int64(product) << 10
    packed |= np.int64(care) << 12
    packed |= np.int64(creatinine // 8) << 14
    packed |= np.int64(creatinine % 8) << 17
    packed |= np.int64(transaminase // 8) << 20
    packed |= np.int64(transaminase % 8) << 23
    packed |= np.int64(organ // 8) << 26
    packed |= np.int64(organ % 8) << 29
    packed |= np.int64(cartox) << 32
    packed |= np.int64(papilloedema) << 36
    packed |= np.int64(1 if minute < rules.first_weeks else 0) << 38
    due = wide_due(c, rules, minute)
    if due < c.soonest:
        c.soonest = due
    return int(packed)


# --- organs: two bounds in one number, low * 8 + high -----------------------------------------------------------------

UNKNOWN_GRADE = 4  # 0 * 8 + 4


def join(one: int, other: int) -> int:
    """The worse of two pairs of bounds, bound by bound."""
    return max(one // 8, other // 8) * 8 + max(one % 8, other % 8)


def held(slots: Any, k: int, minute: int) -> int:
    """Bounds held in a slot; 0/0 where it holds none, so that joining leaves the others as they are."""
    return int(slots[k].value) if known(slots, k, minute) else 0


def worst(slots: Any, lab: int, charted: int, minute: int) -> int:
    """Of a laboratory grade and a charted one; unknown where neither is known."""
    if known(slots, lab, minute) or known(slots, charted, minute):
        return join(held(slots, lab, minute), held(slots, charted, minute))
    return UNKNOWN_GRADE


def transaminases(slots: Any, minute: int) -> int:
    """AST and ALT; one of them alone leaves open what the other is, unless the pair was charted as a grade."""
    both = join(held(slots, AST, minute), held(slots, ALT, minute))
    pair = join(both, held(slots, CTCAE_TRANSAMINASE, minute))
    complete = known(slots, AST, minute) and known(slots, ALT, minute)
    return pair if complete or known(slots, CTCAE_TRANSAMINASE, minute) else pair // 8 * 8 + 4


def organs(slots: Any, creatinine: int, minute: int) -> int:
    """The worst organ but the transaminases; what must be known: creatinine, and a charted grade or both others."""
    seen = known(slots, CREATININE, minute) or known(slots, CTCAE_CREATININE, minute)
    measured = known(slots, BILIRUBIN, minute) and known(slots, FIBRINOGEN, minute)
    complete = seen and (measured or known(slots, CTCAE_ORGAN, minute))
    pair = join(held(slots, BILIRUBIN, minute), held(slots, FIBRINOGEN, minute))
    pair = join(pair, held(slots, CTCAE_ORGAN, minute))
    if seen:
        pair = join(pair, creatinine)
    return pair if complete else pair // 8 * 8 + 4


def settle_cres(slots: Any, c: Any, rules: Any, minute: int) -> tuple[int, int]:
    """CARTOX-10 (15 unknown) and papilloedema (3 unknown)."""
    if c.attribution[NEURO_AXIS] == NO:
        return 10 if c.uses_ice else 15, 0
    sedated = known(slots, CONSCIOUSNESS, minute) and slots[CONSCIOUSNESS].value == SEDATED
    cartox, papilloedema = 15, 3
    if c.uses_ice and not sedated and known(slots, CARTOX10, minute):
        cartox = int(slots[CARTOX10].value)
    scored = cartox != 15 or (not sedated and c.uses_ice and known(slots, ICE, minute))
    scored = scored or (not sedated and c.uses_capd and known(slots, CAPD, minute))
    if known(slots, PAPILLOEDEMA, minute):
        papilloedema = int(slots[PAPILLOEDEMA].value)
    elif rules.assume_neuro and scored:
        papilloedema = 0
    return cartox, papilloedema


# --- vasopressors -----------------------------------------------------------------------------------------------------


def count_minutes(c: Any, rules: Any, minute: int) -> None:
    """Adds the minutes since the last settling to the hours on vasopressors; a pause of `resolve` starts them anew."""
    passed = minute - c.mark if c.mark != LONG_AGO else 0
    c.mark = minute
    if c.ran:
        c.ran_minutes += passed
        c.ran_last = minute
    if c.may_run:
        c.may_minutes += passed
        c.may_last = minute
    runs, may = c.all_low > 0, c.all_high > 0
    if runs and c.ran == 0 and minute - c.ran_last >= rules.resolve:
        c.ran_minutes = 0
    if may and c.may_run == 0 and minute - c.may_last >= rules.resolve:
        c.may_minutes = 0
    c.ran = 1 if runs else 0
    c.may_run = 1 if may else 0


def settle_dose(orders: Any, since: Any, c: Any, rules: Any, minute: int, covers: int) -> tuple[int, int]:
    """Whether a high dose has held for `high_dose` minutes on the two columns: 0 no, 1 yes, 2 cannot be said."""
    if c.weight != c.weight and c.all_low > 0:  # nobody was weighed: the dose may be high, or not
        c.lee_since, c.penn_since = NEVER, NEVER
        return 2, 2
    lee, penn = False, False
    if c.all_low > 0:
        lee, penn = high_dose(orders, since, c, rules, minute)
    c.lee_since = (minute if c.lee_since == NEVER else c.lee_since) if lee else NEVER
    c.penn_since = (minute if c.penn_since == NEVER else c.penn_since) if penn else NEVER
    otherwise = 0
    if c.attribution[HYPOTENSION_AXIS] != NO and (covers == 0 or c.silent or c.all_high > c.all_low):
        otherwise = 2
    lee_held = c.lee_since != NEVER and minute - c.lee_since >= rules.high_dose
    penn_held = c.penn_since != NEVER and minute - c.penn_since >= rules.high_dose
    return 1 if lee_held else otherwise, 1 if penn_held else otherwise


def high_dose(orders: Any, since: Any, c: Any, rules: Any, minute: int) -> tuple[bool, bool]:
    """Whether the drugs that surely run are a high dose now, on the Lee and on the Penn column."""
    norepinephrine, dopamine, phenylephrine, epinephrine = 0.0, 0.0, 0.0, 0.0  # ug/min, dopamine ug/kg/min
    norepinephrine_kg, phenylephrine_kg, epinephrine_kg = 0.0, 0.0, 0.0
    drugs, vasopressin = 0, False
    for d in range(rules.pressors):
        if since[d] == NEVER or held_back(c, rules, since[d], minute):
            continue
        role = rules.role[d]
        if role == VASOPRESSIN:
            vasopressin = True
            continue
        drugs += 1
        rate, rate_kg = 0.0, 0.0
        for i in range(c.orders_used):
            o = orders[i]
            if o.running and o.drug == d and minute < o.due:
                rate += o.rate if o.rate == o.rate else 0.0
                rate_kg += o.rate_kg if o.rate_kg == o.rate_kg else 0.0
        if role == NOREPINEPHRINE:
            norepinephrine, norepinephrine_kg = rate, rate_kg
        elif role == DOPAMINE:
            dopamine = rate_kg
        elif role == PHENYLEPHRINE:
            phenylephrine, phenylephrine_kg = rate, rate_kg
        elif role == EPINEPHRINE:
            epinephrine, epinephrine_kg = rate, rate_kg
    if drugs == 0:
        return False, False
    if c.light:
        total = norepinephrine_kg + epinephrine_kg + phenylephrine_kg / 10 + dopamine / 2 / c.weight + NEARLY
        if vasopressin or drugs > 1:
            high = total >= (0.1 if vasopressin else 0.2)
        else:
            high = norepinephrine_kg + NEARLY >= 0.2 or dopamine + NEARLY >= 10 or epinephrine_kg + NEARLY >= 0.1
            high = high or phenylephrine_kg + NEARLY >= 2
        return high, high
    total = norepinephrine + epinephrine + phenylephrine / 10 + dopamine / 2 + NEARLY
    if vasopressin or drugs > 1:
        high = total >= (10 if vasopressin else 20)
        return high, high
    either = dopamine + NEARLY >= 10 or phenylephrine + NEARLY >= 200
    lee = either or norepinephrine + NEARLY >= 20 or epinephrine + NEARLY >= 10
    return lee, either or norepinephrine_kg + NEARLY >= 0.2 or epinephrine_kg + NEARLY >= 0.1


def wide_due(c: Any, rules: Any, minute: int) -> int:
    """The first minute after `minute` at which the wide situation changes by itself; NEVER if none."""
    due = NEVER
    if rules.first_weeks > minute:
        due = rules.first_weeks
    for k in range(2):
        if c.bolus[k] > minute and c.bolus[k] < due:
            due = c.bolus[k]
        if c.maybe_bolus[k] > minute and c.maybe_bolus[k] < due:
            due = c.maybe_bolus[k]
    if c.product > minute and c.product < due:
        due = c.product
    if c.lee_since != NEVER and c.lee_since + rules.high_dose > minute and c.lee_since + rules.high_dose < due:
        due = c.lee_since + rules.high_dose
    if c.penn_since != NEVER and c.penn_since + rules.high_dose > minute and c.penn_since + rules.high_dose < due:
        due = c.penn_since + rules.high_dose
    if c.ran:
        edge = c.mark + rules.pressor_long - c.ran_minutes
        if edge > minute and edge < due:
            due = edge
    if c.may_run:
        edge = c.mark + rules.pressor_long - c.may_minutes
        if edge > minute and edge < due:
            due = edge
    return due
