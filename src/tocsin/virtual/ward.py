"""What the ward charts: its schedule, its instruments, its gaps.

Plain Python bodies, compiled by `run`. Everything charted is taken into the signs by the product's own steps
(`signs.arrive`), under the same codes as a complete recording, so that the ward grades as `tocsin grade` would.
"""

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
MOST_LEVEL = 4
# channels of luck
_MISSED, _T, _PRESSURE, _HEART, _BREATH, _SPO2, _SCORE = 100, 101, 102, 104, 105, 106, 107
_SCORE_MISSED, SET_MINUTE, CARE_MINUTE, _PANEL, _IL6_DRAWN = 108, 109, 110, 111, 112
_LAB, _SEIZURE, _UNSEEN = 120, 141, 144  # _LAB and the ten after it


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
