"""What the ward charts and how it supports the body. It reads charted values only; the body answers an hour later.

Plain Python bodies, compiled by `run`. Everything charted is taken into the signs by the product's own steps
(`signs.arrive`), under the same codes as a complete recording, so that the ward grades as `tocsin grade` would.
"""

# ruff: noqa: SIM109 - compiled code
from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.signs import arrive, state
from tocsin.signs.state import NEVER
from tocsin.virtual import log as entry
from tocsin.virtual.biology import START_OF_DAY, mean_pressure, saturation
from tocsin.virtual.random import noise, uniform

#: What the ward knows and has running, one record a patient; minutes from the infusion, NEVER = not.
CHART = np.dtype(
    [
        (name, "f8")
        for name in (
            "temperature", "systolic", "mean", "saturation", "crp", "ferritin", "drawn_crp", "drawn_ferritin",
            "norepinephrine", "vasopressin", "epinephrine", "low_readings", "boluses", "steroid_mg", "pair_creatinine",
            "pair_bilirubin", "pair_ast", "pair_alt", "pair_fibrinogen",
        )
    ]
    + [
        (name, "i4")
        for name in (
            "rows", "hot_since", "read_at", "lab_at", "drawn_at", "pressor_at", "pressor_charted", "level", "level_at",
            "device_charted", "fluid_at", "antipyretic_at", "steroid_on", "steroid_at", "steroids", "icu", "calm_since",
            "settled_since", "cultured", "home", "crs", "icans", "score_low", "sedated", "doses", "dose_at", "dosed_at",
            "due_at", "due_known", "given_at", "given_grade", "watching", "seizing",
        )
    ],
    align=True,
)  # fmt: skip
#: A bed: the state of the signs, with the rules and room for one act; what compiled steps hand on to each other.
BED = np.dtype(
    [("who", "i4"), ("slots", state.SLOT, (state.SLOTS,)), ("orders", state.ORDER, (state.ORDERS,)),
     ("since", "i4", (2 * state.PRESSORS,)), ("course", state.COURSE), ("rules", state.RULES),
     ("acts", state.ACT, (1,))], align=True
)  # fmt: skip
TOCILIZUMAB, DEXAMETHASONE, METHYLPREDNISOLONE, ACETAMINOPHEN, SILTUXIMAB, ANAKINRA, SALINE = range(7)
#: Steps of oxygen: none, cannula, high flow, positive pressure, ventilator; the device of each.
LADDER = (0, 1, 3, 4, 5)
MOST_LEVEL = 4
METHYL_TO_DEX = 0.1875
# channels of luck
(_MISSED, _T, _PRESSURE, _PULSE, _HEART, _BREATH, _SPO2, _SCORE, _SCORE_MISSED, _SET_MINUTE, _CARE_MINUTE, _PANEL,
 _IL6_DRAWN, _LAB, _ACETAMINOPHEN, _SEIZURE, _CULTURE, _SECOND, _UNSEEN) = (
    100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 120, 140, 141, 142, 143, 144)  # fmt: skip


def open_chart(ch: Any) -> None:
    """An empty chart."""
    ch.temperature, ch.systolic, ch.mean, ch.saturation = np.nan, np.nan, np.nan, np.nan
    ch.crp, ch.ferritin, ch.drawn_crp, ch.drawn_ferritin = np.nan, np.nan, np.nan, np.nan
    ch.norepinephrine, ch.vasopressin, ch.epinephrine, ch.low_readings, ch.boluses = 0.0, 0.0, 0.0, 0.0, 0.0
    ch.steroid_mg = 0.0
    ch.hot_since, ch.read_at, ch.lab_at, ch.drawn_at, ch.pressor_at = NEVER, -NEVER, NEVER, -NEVER, -NEVER
    ch.pressor_charted, ch.level, ch.level_at, ch.device_charted, ch.fluid_at = -NEVER, 0, -NEVER, -NEVER, -NEVER
    ch.antipyretic_at, ch.steroid_on, ch.steroid_at, ch.steroids, ch.icu = -NEVER, 0, -NEVER, 0, 0
    ch.calm_since, ch.settled_since, ch.cultured, ch.home, ch.crs, ch.icans = 0, 0, 0, 0, -1, -1
    ch.score_low, ch.sedated, ch.doses, ch.dose_at, ch.dosed_at = 0, 0, 0, NEVER, -NEVER
    ch.due_at, ch.due_known, ch.given_at, ch.given_grade, ch.watching, ch.seizing = NEVER, NEVER, NEVER, -1, 1, 0


def note(log: Any, bed: Any, ch: Any, minute: int, what: int, key: int, value: float, more: float) -> None:
    """One entry; nothing where the run keeps no log."""
    if log.size:
        row = log[ch.rows]
        row.patient, row.minute, row.what, row.key, row.value, row.more = bed.who, minute, what, key, value, more
    ch.rows += 1


def tell(
    bed: Any, minute: int, kind: int, code: int, read: int,
    value: float, value2: float,
) -> None:  # fmt: skip
    """One act into the signs, with the fields it has in a complete recording."""
    act = bed.acts[0]
    act.minute, act.kind, act.code, act.key, act.flag, act.read = minute, kind, code, code, 0, read
    act.value, act.value2, act.position, act.stop = value, value2, 0, NEVER
    if kind == state.FLUID:
        act.flag = 1
    arrive.take_act(bed.slots, bed.orders, bed.since, bed.course, bed.rules, minute, act, 0)


# --- what is read -----------------------------------------------------------------------------------------------------


def hour_of_day(hour: int) -> int:
    """The clock's hour."""
    return (hour + START_OF_DAY) % 24


def set_due(p: Any, w: Any, ch: Any, hour: int, clock: int) -> bool:
    """Whether vital signs are taken this hour: by schedule, hourly in the sick; some are left out, more at night."""
    critical = ch.norepinephrine > 0 or ch.level >= 2
    sick = w.hourly_when_sick > 0 and (ch.low_readings > 0 or ch.level > 0 or ch.temperature >= 38.5 or critical)
    if not sick and (hour + int(p.offset)) % int(w.every_h) != 0:
        return False
    missing = w.missing + (w.missing_night if clock < 6 else 0.0)
    if critical:
        missing *= 0.2
    if uniform(p.luck, _MISSED, hour) < missing:
        return False
    normal = ch.temperature < 37.5 and ch.low_readings == 0 and ch.level == 0
    return not (normal and w.missing_informative > 0 and uniform(p.luck, _UNSEEN, hour) < w.missing_informative)


def read_vitals(log: Any, bed: Any, b: Any, p: Any, w: Any, ch: Any, hour: int, minute: int) -> None:
    """One set: what the instruments show, rounded as charts are."""
    luck = p.luck
    t = np.round((b.temperature + w.device_bias + w.sd_temperature * noise(luck, _T, hour)) * 10) / 10
    others = (1 if ch.vasopressin > 0 else 0) + (1 if ch.epinephrine > 0 else 0)
    mean = mean_pressure(b, p, w, ch.norepinephrine, others) + w.sd_pressure * noise(luck, _PRESSURE, hour)
    pulse = max(12.0, p.pulse0 - 3.0 * b.vessels)
    systolic, diastolic = np.round(mean + pulse * 2 / 3), np.round(mean - pulse / 3)
    mean = np.round((systolic + 2 * diastolic) / 3)
    seen = np.round(min(100.0, saturation(b, w, ch.level) + noise(luck, _SPO2, hour)))
    ch.temperature, ch.systolic, ch.mean, ch.saturation, ch.read_at = t, systolic, mean, seen, minute
    if t < 39.0:
        ch.hot_since = NEVER
    elif ch.hot_since == NEVER:
        ch.hot_since = minute
    ch.low_readings = ch.low_readings + 1 if mean < w.fluid_map * p.map0 else 0.0
    if t >= 38.0 or ch.level > 0 or ch.norepinephrine > 0:
        ch.calm_since = minute
    if log.size:
        heart = np.round(p.heart0 + 9 * max(0.0, b.temperature - 37.0) + 6 * b.vessels + 4 * noise(luck, _HEART, hour))
        breath = np.round(p.breath0 + 2 * max(0.0, b.temperature - 37.5) + 4 * b.lungs + noise(luck, _BREATH, hour))
        values = (t, systolic, diastolic, mean, heart, breath, seen)
        for k in range(7):
            note(log, bed, ch, minute, k, 0, values[k], np.nan)
    else:
        ch.rows += 7


def panel_due(p: Any, w: Any, ch: Any, hour: int, clock: int) -> bool:
    """Blood is drawn at six in the morning, also in the evening under low pressure or oxygen."""
    if clock != 6 and not (clock == 18 and (ch.low_readings > 0 or ch.level > 0 or ch.norepinephrine > 0)):
        return False
    return uniform(p.luck, _PANEL, hour) > w.lab_missing


def graded(edges: Any, lab: int, value: float) -> int:
    """CTCAE bounds of a value, low * 8 + high, by the edges of `patients.organ_edges`."""
    grade = 0
    for g in range(4):
        if (value <= -edges[lab, g]) if lab == 4 else (value >= edges[lab, g]):
            grade = g + 1
    return grade * 9


def draw_panel(log: Any, bed: Any, b: Any, p: Any, w: Any, ch: Any, edges: Any, hour: int, minute: int) -> None:
    """A panel: drawn now, known to the ward `lab_delay` minutes later."""
    luck = p.luck
    delay = float(int(w.lab_delay))
    crp = np.round(b.crp * np.exp(0.10 * noise(luck, _LAB, hour)), 1)
    ferritin = np.round(b.ferritin * np.exp(0.10 * noise(luck, _LAB + 1, hour)))
    creatinine = np.round(b.creatinine * np.exp(0.06 * noise(luck, _LAB + 2, hour)), 2)
    alt = np.round(b.alt * np.exp(0.10 * noise(luck, _LAB + 3, hour)))
    ast = np.round(1.1 * b.alt * np.exp(0.10 * noise(luck, _LAB + 4, hour)))
    bilirubin = np.round(b.bilirubin * np.exp(0.10 * noise(luck, _LAB + 5, hour)), 2)
    fibrinogen = np.round(b.fibrinogen * np.exp(0.06 * noise(luck, _LAB + 6, hour)), 2)
    ch.drawn_at, ch.lab_at, ch.drawn_crp, ch.drawn_ferritin = minute, minute + int(delay), crp, ferritin
    ch.pair_creatinine, ch.pair_bilirubin = graded(edges, 0, creatinine), graded(edges, 1, bilirubin)
    ch.pair_ast, ch.pair_alt = graded(edges, 2, ast), graded(edges, 3, alt)
    ch.pair_fibrinogen = graded(edges, 4, fibrinogen)
    if log.size:
        platelets = np.round(b.platelets * np.exp(0.06 * noise(luck, _LAB + 7, hour)))
        ldh = np.round(b.ldh * np.exp(0.10 * noise(luck, _LAB + 8, hour)))
        neutrophils = np.round(b.neutrophils * np.exp(0.15 * noise(luck, _LAB + 9, hour)), 2)
        values = (crp, ferritin, np.nan, platelets, creatinine, alt, ast, ldh, bilirubin, neutrophils, fibrinogen)
        for k in range(11):
            if values[k] == values[k]:
                note(log, bed, ch, minute, entry.CRP + k, 0, values[k], delay)
    else:
        ch.rows += 10
    if uniform(luck, _IL6_DRAWN, hour) < w.il6_drawn:
        il6 = np.round(b.il6 * np.exp(0.2 * noise(luck, _LAB + 10, hour)), 1)
        note(log, bed, ch, minute, entry.IL6, 0, il6, delay)


def take_panel(bed: Any, ch: Any, minute: int) -> None:
    """The values of the last panel reach the ward."""
    ch.crp, ch.ferritin, ch.lab_at = ch.drawn_crp, ch.drawn_ferritin, NEVER
    if bed.rules.wide:
        pairs = (ch.pair_creatinine, ch.pair_bilirubin, ch.pair_ast, ch.pair_alt, ch.pair_fibrinogen)
        for k in range(5):
            tell(bed, minute, state.ASSESSED, state.CREATININE + k, ch.drawn_at,
                 pairs[k], np.nan)  # fmt: skip


def score_due(b: Any, p: Any, w: Any, ch: Any, hour: int) -> bool:
    """ICE or CAPD every 12 h, every 4 h once a score was low, never on the ventilator."""
    if ch.level == MOST_LEVEL:
        return False
    if (hour + int(p.offset)) % 12 != 0 and not (ch.score_low and hour % 4 == 0):
        return False
    return uniform(p.luck, _SCORE_MISSED, hour) > w.ice_missing


def seizure_now(b: Any, p: Any, w: Any, hour: int) -> bool:
    """A seizure this hour, which stops by itself or with treatment."""
    return b.brain > 2.0 and uniform(p.luck, _SEIZURE, hour) < w.seizures * (b.brain - 2.0) / 24.0


def score(
    log: Any, bed: Any, b: Any, p: Any, w: Any,
    ch: Any, hour: int, minute: int,
) -> None:  # fmt: skip
    """ICE (CAPD under 12 years) and consciousness."""
    lost = w.ice_slope * max(0.0, b.brain - w.ice_threshold)
    seen = lost + w.sd_ice * noise(p.luck, _SCORE, hour)
    if p.child > 0:
        value = min(32.0, max(0.0, np.round(1.1 * seen)))
        ch.score_low = 1 if value > 0 else 0
        note(log, bed, ch, minute, entry.CAPD, 0, value, np.nan)
        tell(bed, minute, state.ASSESSED, state.CAPD, minute, value, np.nan)
    else:
        value = min(10.0, max(0.0, np.round(10.0 - seen)))
        ch.score_low = 1 if value < 10 else 0
        note(log, bed, ch, minute, entry.ICE, 0, value, np.nan)
        tell(bed, minute, state.ASSESSED, state.ICE, minute, value, np.nan)
    awake = 0.0
    if lost >= 10.0 and b.brain > 3.1:
        awake = 3.0
    elif lost >= 8.5:
        awake = 2.0
    elif lost >= 5.0:
        awake = 1.0
    judge(log, bed, ch, minute, entry.CONSCIOUSNESS, state.CONSCIOUSNESS, awake)


def judge(
    log: Any, bed: Any, ch: Any, minute: int,
    what: int, slot: int, value: float,
) -> None:  # fmt: skip
    """One judgement, charted and taken in."""
    note(log, bed, ch, minute, what, 0, value, np.nan)
    tell(bed, minute, state.ASSESSED, slot, minute, value, np.nan)


# --- what is done -----------------------------------------------------------------------------------------------------


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
    note(log, bed, ch, minute, entry.DOSE, drug, dose, np.nan)
    if drug == SALINE:
        tell(bed, minute, state.FLUID, 0, minute, dose, np.nan)
    else:
        tell(bed, minute, state.MASKING, w.drug_groups[drug], minute, dose, np.nan)
        if drug == TOCILIZUMAB:
            tell(bed, minute, state.TOCILIZUMAB, 0, minute, dose, np.nan)


def chart_rate(
    log: Any, bed: Any, p: Any, w: Any, ch: Any,
    minute: int, pressor: int, rate: float,
) -> None:  # fmt: skip
    """A row of a vasopressor's order; 0 stops it."""
    note(log, bed, ch, minute, entry.RATE, pressor, rate, np.nan)
    ch.pressor_charted = minute
    plain, by_weight = rate * p.weight, rate
    if pressor == 1:
        plain, by_weight = rate, np.nan
    kind = state.ORDER_RUNS if rate > 0 else state.ORDER_STOP
    tell(bed, minute, kind, w.pressor_codes[pressor], minute, plain, by_weight)


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
    note(log, bed, ch, minute, entry.DEVICE, device, flow, fio2)
    tell(bed, minute, state.DEVICE, w.device_codes[device], minute, flow, fio2)


def support(
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
        judge(log, bed, ch, minute, entry.CONSCIOUSNESS, state.CONSCIOUSNESS, 4.0)
    elif ch.sedated:
        ch.sedated = 0
        judge(log, bed, ch, minute, entry.CONSCIOUSNESS, state.CONSCIOUSNESS, 0.0)


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
            note(log, bed, ch, minute, entry.ICU_IN, 0, 1.0, np.nan)
    elif ch.icu and minute - ch.settled_since >= 1440:
        ch.icu = 0
        note(log, bed, ch, minute, entry.ICU_OUT, 0, 0.0, np.nan)
    if ch.temperature >= 38.5 and ch.cultured == 0:
        ch.cultured = 1
        day = hour / 24.0
        ill = day >= p.ill_from and day < p.ill_from + p.ill_days
        positive = uniform(p.luck, _CULTURE, 0) < (0.5 if ill else 0.03)
        note(log, bed, ch, minute, entry.CULTURE, 0, 1.0 if positive else 0.0, 2880.0)
    if ch.icans > 0 or ch.icu or ch.level > 0:
        ch.calm_since = minute
    ready = w.discharge_day > 0 and hour >= 24 * w.discharge_day and hour_of_day(hour) == 11
    if ready and minute - ch.calm_since >= 60 * w.discharge_calm_h and ch.dose_at == NEVER:
        ch.home = 1
        note(log, bed, ch, minute, entry.DISCHARGE, 0, 0.0, np.nan)
        return True
    return False
