"""How the ward supports the body: antipyretic, fluids, vasopressors, oxygen, moves. It reads charted values only.

Plain Python bodies, compiled by `stay`. The body answers in the hour after. Section 4 of the project's page on virtual
patients; every rule is the same under every strategy.
"""

# ruff: noqa: SIM109 - compiled code
from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.signs import state
from tocsin.signs.state import NEVER
from tocsin.virtual import log as entry
from tocsin.virtual import ward
from tocsin.virtual.random import uniform
from tocsin.virtual.ward import MOST_LEVEL

TOCILIZUMAB, DEXAMETHASONE, METHYLPREDNISOLONE, ACETAMINOPHEN, SILTUXIMAB, ANAKINRA, SALINE = range(7)
#: Steps of oxygen: none, cannula, high flow, positive pressure, ventilator; the device of each.
LADDER = (0, 1, 3, 4, 5)
METHYL_TO_DEX = 0.1875
# channels of luck
_ACETAMINOPHEN, _CULTURE, _SECOND = 140, 142, 143


def give(
    log: Any, bed: Any, b: Any, p: Any, w: Any, ch: Any,
    minute: int, drug: int,
) -> None:  # fmt: skip
    """One dose: charted, taken into the signs, and into the body."""
    kg = p.weight
    dose = 0.0
    if drug == TOCILIZUMAB:
        dose = min(800.0, np.round((8.0 if kg >= 30 else 12.0) * kg))
        b.toci1 += dose
    elif drug == DEXAMETHASONE:
        dose = min(10.0, np.round(0.2 * kg, 1))
        ch.steroid_mg += dose
    elif drug == METHYLPREDNISOLONE:
        dose = np.round(1.0 * kg)
        ch.steroid_mg += dose * METHYL_TO_DEX
    elif drug == ACETAMINOPHEN:
        dose = min(1000.0, np.round(15.0 * kg))
        b.antipyretic = float(minute)
        ch.antipyretic_at = minute
    elif drug == SILTUXIMAB:
        dose = np.round(11.0 * kg)
        b.siltuximab = 1.0
    elif drug == ANAKINRA:
        dose = min(100.0, np.round(2.0 * kg))
        b.anakinra = 1.0
    else:
        dose = min(500.0, np.ceil(10.0 * kg))
        b.fluid += 9.0
        ch.fluid_at = minute
        ch.boluses += 1
    if drug == DEXAMETHASONE or drug == METHYLPREDNISOLONE:
        ch.steroid_at = minute
        ch.steroids += 1
    ward.note(log, bed, ch, minute, entry.DOSE, drug, dose, np.nan)
    if drug == SALINE:
        ward.tell(bed, minute, state.FLUID, 0, minute, dose, np.nan)
    else:
        ward.tell(bed, minute, state.MASKING, w.drug_groups[drug], minute, dose, np.nan)
        if drug == TOCILIZUMAB:
            ward.tell(bed, minute, state.TOCILIZUMAB, 0, minute, dose, np.nan)


def chart_rate(
    log: Any, bed: Any, p: Any, w: Any, ch: Any,
    minute: int, pressor: int, rate: float,
) -> None:  # fmt: skip
    """A row of a vasopressor's order; 0 stops it."""
    ward.note(log, bed, ch, minute, entry.RATE, pressor, rate, np.nan)
    ch.pressor_charted = minute
    plain, by_weight = rate * p.weight, rate
    if pressor == 1:
        plain, by_weight = rate, np.nan
    kind = state.ORDER_RUNS if rate > 0 else state.ORDER_STOP
    ward.tell(bed, minute, kind, w.pressor_codes[pressor], minute, plain, by_weight)


def chart_device(log: Any, bed: Any, w: Any, ch: Any, minute: int) -> None:
    """The device of the present step, with its settings."""
    device = LADDER[ch.level]
    flow, fio2 = np.nan, np.nan
    if ch.level == 1:
        flow = 4.0 if ch.saturation < 94 else 2.0
    elif ch.level == 2:
        flow, fio2 = 40.0, 0.5
    elif ch.level == 3:
        fio2 = 0.5
    elif ch.level == 4:
        fio2 = 0.6
    ch.device_charted = minute
    ward.note(log, bed, ch, minute, entry.DEVICE, device, flow, fio2)
    ward.tell(bed, minute, state.DEVICE, w.device_codes[device], minute, flow, fio2)


def respond(
    log: Any, bed: Any, b: Any, p: Any, w: Any,
    ch: Any, hour: int, minute: int,
) -> bool:  # fmt: skip
    """Antipyretic, fluids, vasopressors, oxygen, from the set charted this hour; whether anything was done."""
    done = False
    luck = p.luck
    if (
        ch.temperature >= 38.3
        and minute - ch.antipyretic_at >= 360
        and uniform(luck, _ACETAMINOPHEN, hour) < w.acetaminophen
    ):
        give(log, bed, b, p, w, ch, minute, ACETAMINOPHEN)
        done = True
    if ch.low_readings >= 2:
        if ch.norepinephrine == 0.0 and ch.boluses < w.boluses:
            if minute - ch.fluid_at > 60:
                give(log, bed, b, p, w, ch, minute, SALINE)
                done = True
        elif ch.norepinephrine > 0 or minute - ch.fluid_at > 60:
            rate = min(1.5, np.round(ch.norepinephrine + 0.05, 3))
            if rate != ch.norepinephrine:
                ch.norepinephrine = rate
                chart_rate(log, bed, p, w, ch, minute, 0, rate)
                done = True
            done |= add_second(log, bed, p, w, ch, minute)
    elif ch.norepinephrine > 0 and ch.mean > w.wean_map * p.map0:
        rate = np.round(ch.norepinephrine - 0.03, 3)
        ch.norepinephrine = rate if rate >= 0.03 else 0.0
        chart_rate(log, bed, p, w, ch, minute, 0, ch.norepinephrine)
        if ch.norepinephrine < 0.6 * w.second_pressor:
            if ch.epinephrine > 0:
                ch.epinephrine = 0.0
                chart_rate(log, bed, p, w, ch, minute, 2, 0.0)
            if ch.vasopressin > 0:
                ch.vasopressin = 0.0
                chart_rate(log, bed, p, w, ch, minute, 1, 0.0)
        done = True
    before = ch.level
    if ch.saturation < w.oxygen_below:
        if minute - ch.level_at > 60 and ch.level < MOST_LEVEL:
            ch.level += 1
            ch.level_at = minute
    elif ch.saturation >= w.oxygen_above and ch.level > 0 and minute - ch.level_at >= 420:
        ch.level -= 1
        ch.level_at = minute
    if ch.level != before:
        chart_device(log, bed, w, ch, minute)
        sedate(log, bed, ch, minute)
        done = True
    return done


def add_second(
    log: Any, bed: Any, p: Any, w: Any, ch: Any,
    minute: int,
) -> bool:  # fmt: skip
    """A second vasopressor beyond a rate of the first, a third beyond twice that."""
    first_vasopressin = uniform(p.luck, _SECOND, 0) < w.vasopressin_second
    done = False
    if ch.norepinephrine > w.second_pressor:
        if first_vasopressin and ch.vasopressin == 0.0:
            ch.vasopressin = 0.03
            chart_rate(log, bed, p, w, ch, minute, 1, 0.03)
            done = True
        elif ch.epinephrine == 0.0 and (not first_vasopressin or ch.norepinephrine > 2 * w.second_pressor):
            ch.epinephrine = 0.05
            chart_rate(log, bed, p, w, ch, minute, 2, 0.05)
            done = True
    return done


def sedate(log: Any, bed: Any, ch: Any, minute: int) -> None:
    """Sedation goes with the ventilator."""
    if ch.level == MOST_LEVEL:
        ch.sedated = 1
        ward.judge(log, bed, ch, minute, entry.CONSCIOUSNESS, state.CONSCIOUSNESS, 4.0)
    elif ch.sedated:
        ch.sedated = 0
        ward.judge(log, bed, ch, minute, entry.CONSCIOUSNESS, state.CONSCIOUSNESS, 0.0)


def keep_charting(log: Any, bed: Any, p: Any, w: Any, ch: Any, minute: int) -> bool:
    """The device every 12 h (and sedation with it), running rates every 8 h."""
    done = False
    if minute - ch.device_charted >= 660:
        chart_device(log, bed, w, ch, minute)
        if ch.sedated:
            sedate(log, bed, ch, minute)
        done = True
    if minute - ch.pressor_charted >= 420:
        rates = (ch.norepinephrine, ch.vasopressin, ch.epinephrine)
        for k in range(3):
            if rates[k] > 0:
                chart_rate(log, bed, p, w, ch, minute, k, rates[k])
                done = True
    return done


def move(log: Any, bed: Any, p: Any, w: Any, ch: Any, hour: int, minute: int) -> bool:
    """To the ICU and back, cultures, home; whether the patient goes home now.

    Neither this nor the schedule of readings asks for the CRS grade: a dose waives the fever of the table, and a drug
    that does nothing must not change what is measured.
    """
    critical = ch.norepinephrine > 0 or ch.level >= 2 or ch.icans >= 3
    if critical:
        ch.settled_since = minute
        if ch.icu == 0:
            ch.icu = 1
            ward.note(log, bed, ch, minute, entry.ICU_IN, 0, 1.0, np.nan)
    elif ch.icu and minute - ch.settled_since >= 1440:
        ch.icu = 0
        ward.note(log, bed, ch, minute, entry.ICU_OUT, 0, 0.0, np.nan)
    if ch.temperature >= 38.5 and ch.cultured == 0:
        ch.cultured = 1
        day = hour / 24.0
        ill = day >= p.ill_from and day < p.ill_from + p.ill_days
        positive = uniform(p.luck, _CULTURE, 0) < (0.5 if ill else 0.03)
        ward.note(log, bed, ch, minute, entry.CULTURE, 0, 1.0 if positive else 0.0, 2880.0)
    if ch.icans > 0 or ch.icu or ch.level > 0:
        ch.calm_since = minute
    ready = w.discharge_day > 0 and hour >= 24 * w.discharge_day and ward.hour_of_day(hour) == 11
    if ready and minute - ch.calm_since >= 60 * w.discharge_calm_h and ch.dose_at == NEVER:
        ch.home = 1
        ward.note(log, bed, ch, minute, entry.DISCHARGE, 0, 0.0, np.nan)
        return True
    return False
