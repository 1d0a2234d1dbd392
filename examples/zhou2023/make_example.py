"""Writes the example's CSV files from `plan.py`: 22 synthetic patients, the same bytes on every run and machine.

    python examples/zhou2023/make_example.py [FOLDER]      FOLDER: this folder when absent

Only the standard library: `random.Random(text).random()` gives the same numbers in every Python 3.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from plan import AIR, NORMAL, PLANS, Plan

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
Row = list[Any]
POSITIVE_PRESSURE = ("无创BiPAP", "有创呼吸机")
HEADERS: dict[str, tuple[str, ...]] = {
    "patients.csv": (
        "hospital_no", "性别", "birth_date", "weight_kg", "height_cm", "diagnosis", "marrow_blasts_pct", "髓外病变",
        "中枢侵犯", "prior_lines", "prior_transplant", "lymphodepletion", "bridging",
    ),
    "infusions.csv": ("hospital_no", "infused_at", "product", "cells_per_kg", "unit"),
    "stays.csv": ("hospital_no", "admitted", "discharged", "unit", "discharge_to"),
    "vitals.csv": ("hospital_no", "chart_time", "T", "T_site", "SBP", "DBP", "HR", "SpO2"),
    "drugs.csv": ("hospital_no", "given_at", "drug", "dose", "dose_unit", "route"),
    "pressors.csv": ("hospital_no", "order_no", "start", "stop", "drug", "rate", "rate_unit"),
    "oxygen.csv": ("hospital_no", "chart_time", "device", "flow_l_min", "fio2_pct", "reason"),
    "neuro.csv": ("hospital_no", "chart_time", "ICE", "CAPD", "意识", "抽搐", "肢体无力", "脑水肿"),
    "labs.csv": ("hospital_no", "collected", "resulted", "item", "result", "unit"),
    "cultures.csv": ("hospital_no", "collected", "reported", "specimen", "result"),
    "outcomes.csv": ("hospital_no", "event_date", "event", "result", "method", "sensitivity", "adjudicated_by"),
}  # fmt: skip
DEVICE_FIO2 = {AIR: 21}
LABS: tuple[tuple[str, str, float, float, float, int], ...] = (
    # item, unit, value at rest, added at the peak of the sickest patient, days from first fever to the peak, decimals
    ("CRP", "mg/L", 6, 230, 2, 1),
    ("铁蛋白", "ng/mL", 900, 21000, 5, 0),
    ("IL-6", "pg/mL", 5, 2400, 2.5, 1),
    ("乳酸脱氢酶", "U/L", 230, 760, 4, 0),
    ("肌酐", "umol/L", 58, 26, 4, 0),
    ("总胆红素", "umol/L", 10, 13, 5, 1),
    ("AST", "U/L", 26, 110, 5, 0),
    ("ALT", "U/L", 28, 90, 6, 0),
    ("血小板", "10^9/L", 82, -64, 6, 0),
    ("中性粒细胞", "10^9/L", 1.6, -1.5, 4, 2),
    ("血红蛋白", "g/L", 93, -16, 6, 0),
    ("纤维蛋白原", "g/L", 3.3, -1.9, 5, 2),
)


class Course:
    """One plan with its clock and its own random numbers, so that a change to one patient leaves the others alone."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.infused = datetime.strptime(plan.infused, "%Y-%m-%d %H:%M")
        self.midnight = self.infused.replace(hour=0, minute=0)
        self.leaves = self.at(plan.leaves)
        self.curve = [(self.at(when), value) for when, value in plan.curve]
        self.blocks = [[(self.at(when), warm, sbp) for when, warm, sbp in run] for run in plan.runs]
        self.random = random.Random("tocsin zhou2023 " + plan.no)

    def at(self, when: str) -> datetime:
        """The instant that "3 08:10" names on the hospital's clock."""
        day, clock = when.split()
        hour, minute = clock.split(":")
        return self.midnight + int(day) * DAY + int(hour) * HOUR + int(minute) * MINUTE

    def between(self, low: float, high: float) -> float:
        """A number drawn evenly."""
        return low + (high - low) * self.random.random()

    def jitter(self, most: int = 14) -> timedelta:
        """0 to `most` minutes."""
        return int(self.random.random() * (most + 1)) * MINUTE

    def warmth(self, moment: datetime) -> float:
        """Temperature of the curve, °C."""
        for (start, low), (stop, high) in pairwise(self.curve):
            if start <= moment <= stop:
                return low + (high - low) * ((moment - start) / (stop - start))
        return self.curve[-1][1]

    def first_fever(self) -> datetime:
        """When the curve first reaches 38.0 °C."""
        moment = self.curve[0][0]
        while self.warmth(moment) < 38.0:
            moment += HOUR
        return moment

    def within(self, moment: datetime, spans: tuple[tuple[str, str, int], ...]) -> int | None:
        """The lowest value planned for this moment, or None."""
        return next((low for start, stop, low in spans if self.at(start) <= moment < self.at(stop)), None)

    def in_icu(self, moment: datetime) -> bool:
        """Whether the patient is in intensive care."""
        icu = self.plan.icu
        return icu is not None and self.at(icu[0]) <= moment < self.at(icu[1])


def stamp(moment: datetime) -> str:
    """Local time to the minute, without offset, as the ward's system prints it."""
    return moment.strftime("%Y-%m-%d %H:%M")


def hours(course: Course, first: str = "-1 06:00") -> Iterator[datetime]:
    """Every full hour from `first` to the end of the stay."""
    moment = course.at(first)
    while moment < course.leaves:
        yield moment
        moment += HOUR


# --- who ----------------------------------------------------------------------------------------------------------


def patients(course: Course) -> Iterator[Row]:
    """The cover sheet."""
    p = course.plan
    yield [
        p.no, p.sex, p.born, p.kg, p.cm, p.diagnosis, p.blasts, p.extramedullary, p.cns, p.lines,
        p.transplant_before, "FC", p.bridging,
    ]  # fmt: skip


def infusions(course: Course) -> Iterator[Row]:
    """CAR-T doses; a split dose has two rows."""
    for day, cells in course.plan.cells:
        yield [course.plan.no, stamp(course.infused + int(day) * DAY), "CD19 CAR-T", f"{cells:.0f}", "cells/kg"]


def stays(course: Course) -> Iterator[Row]:
    """The stay in hospital, and in intensive care within it."""
    p = course.plan
    yield [p.no, stamp(course.at("-8 14:30")), stamp(course.leaves), "住院", p.fate]
    if p.icu:
        yield [p.no, stamp(course.at(p.icu[0])), stamp(course.at(p.icu[1])), "ICU", ""]


# --- vital signs --------------------------------------------------------------------------------------------------


def vital_times(course: Course) -> Iterator[tuple[datetime, float | None, int | None]]:
    """Planned readings as they stand, and drawn ones: 4-hourly, 2-hourly with fever, hourly in intensive care."""
    quiet = [(block[0][0] - 40 * MINUTE, block[-1][0] + 40 * MINUTE) for block in course.blocks]
    found: list[tuple[datetime, float | None, int | None]] = [row for block in course.blocks for row in block]
    for hour in hours(course):
        step = 1 if course.in_icu(hour) else 2 if course.warmth(hour) >= 38.0 else 4
        if (hour.hour - 2) % step:
            continue
        moment = hour + course.jitter()
        if moment < course.leaves and not any(start < moment < stop for start, stop in quiet):
            found.append((moment, None, None))
    yield from sorted(found, key=lambda row: row[0])


def vitals(course: Course) -> Iterator[Row]:
    """The wide chart. Without a planned dip systolic pressure stays at 94 mmHg or above (88 in the child)."""
    p, adult = course.plan, course.plan.no != "P19"
    rechecks = {moment for block in course.blocks for moment, *_ in block[1:-1]}
    for moment, planned, planned_sbp in vital_times(course):
        noise = course.between(-0.1, 0.1) + course.between(-0.1, 0.1)
        warm = planned if planned is not None else min(round(course.warmth(moment) + noise, 1), p.cap)
        dip, desaturated = course.within(moment, p.dips), course.within(moment, p.low_spo2)
        sbp = round(p.sbp + course.between(-9, 9)) if dip is None else round(dip + course.between(0, 6))
        if dip is None:
            sbp = max(sbp, 94 if adult else 91)
        sbp = sbp if planned_sbp is None else planned_sbp
        dbp = round(sbp * course.between(0.56, 0.66))
        pulse = round(78 + 13 * (warm - 37) + (14 if dip is not None else 0) + course.between(-6, 6))
        spo2 = round(course.between(95.6, 99.4) if desaturated is None else desaturated + course.between(0, 6))
        site = "耳温" if course.in_icu(moment) else "腋温"
        only_temperature = moment in rechecks and course.random.random() < 0.5
        pressures: Row = ["", ""] if only_temperature else [sbp, dbp]
        yield [p.no, stamp(moment), f"{warm:.1f}", site, *pressures, pulse, spo2]


# --- treatment ----------------------------------------------------------------------------------------------------


def drugs(course: Course) -> Iterator[Row]:
    """Single doses; tocilizumab from several vials is charted vial by vial, some minutes apart."""
    p, rows = course.plan, list[tuple[datetime, Row]]()
    for when, parts in p.tocilizumab:
        rows += [(course.at(when) + 12 * i * MINUTE, ["托珠单抗", mg, "mg", "静滴"]) for i, mg in enumerate(parts)]
    for i, when in enumerate(p.antipyretics):
        drug, child, adult = ("布洛芬", 250, 300) if i % 2 else ("对乙酰氨基酚", 390, 500)
        rows.append((course.at(when), [drug, child if p.kg < 30 else adult, "mg", "口服"]))
    rows += [(course.at(when), [drug, f"{mg:g}", "mg", "静推"]) for when, drug, mg in p.steroids]
    start = course.first_fever().replace(minute=0) + 2 * HOUR
    rows += [(start + 8 * i * HOUR + course.jitter(20), ["美罗培南", 1, "g", "静滴"]) for i in range(15)]
    for moment, row in sorted(rows, key=lambda item: item[0]):
        if moment < course.leaves:
            yield [p.no, stamp(moment), *row]


def pressors(course: Course) -> Iterator[Row]:
    """One row per change of rate; the last row of an order prints its stop, but A702 ends with a rate of 0."""
    for order, drug, rates, stop in course.plan.pressors:
        unit = {"多巴胺": "ug/kg/min", "垂体后叶素": "U/min"}.get(drug, "ug/min")
        last = len(rates) - 1
        for i, (when, rate) in enumerate(rates):
            end = stamp(course.at(stop)) if i == last and order != "A702" else ""
            yield [course.plan.no, order, stamp(course.at(when)), end, drug, f"{rate:g}", unit]
        if order == "A702":
            yield [course.plan.no, order, stamp(course.at(stop)), "", drug, "0", unit]


def oxygen(course: Course) -> Iterator[Row]:
    """Every change, and the device that runs: 12-hourly, 4-hourly in intensive care. Room air is charted too."""
    p = course.plan
    changes = [(course.at("-8 15:00"), AIR, None, None), *((course.at(w), d, f, x) for w, d, f, x in p.oxygen)]
    moments = [moment for moment, *_ in changes]
    for hour in hours(course):
        if hour.hour in (8, 20) or (course.in_icu(hour) and hour.hour % 4 == 0):
            moments.append(hour + course.jitter())
    for moment in sorted(set(moments)):
        _, device, flow, fio2 = [change for change in changes if change[0] <= moment][-1]
        percent = DEVICE_FIO2.get(device, fio2)
        reason = "CRS低氧" if device in POSITIVE_PRESSURE else ""
        blank = ["" if value is None else value for value in (flow, percent)]
        yield [p.no, stamp(moment), device, *blank, reason]


# --- nervous system, laboratory, cultures -------------------------------------------------------------------------


def neuro(course: Course) -> Iterator[Row]:
    """12-hourly to day 12, then daily; 6-hourly in intensive care or while abnormal. CAPD under 12 years."""
    p, child = course.plan, course.plan.no == "P19"
    usual = ("0", *NORMAL[1:]) if child else NORMAL
    steps = [(course.at("-8 15:00"), usual), *((course.at(when), state) for when, state in p.neuro)]
    for hour in hours(course):
        state = [state for moment, state in steps if moment <= hour + 30 * MINUTE][-1]
        often = course.in_icu(hour) or state != usual
        wanted = (2, 8, 14, 20) if often else (8, 20) if hour < course.at("13 00:00") else (8,)
        if hour.hour in wanted and (moment := hour + 30 * MINUTE) < course.leaves:
            score = ["", state[0]] if child else [state[0], ""]
            yield [p.no, stamp(moment), *score, *state[1:]]


def labs(course: Course) -> Iterator[Row]:
    """Morning samples: before lymphodepletion, daily to day 14, then every third day."""
    p, fever = course.plan, course.first_fever()
    for day in (-7, *range(-1, 15), *range(17, 40, 3)):
        taken = course.midnight + day * DAY + 6 * HOUR + course.jitter(40)
        if taken >= course.leaves:
            return
        printed = taken + 80 * MINUTE + course.jitter(60)
        for item, unit, rest, most, peak, decimals in LABS:
            since = (taken - fever) / DAY
            size = 0.0 if since < 0 else since / peak if since < peak else 1 / (1 + ((since - peak) / 2.5) ** 2)
            value = (rest + most * p.severity * size) * course.between(0.88, 1.12)
            yield [p.no, stamp(taken), stamp(printed), item, f"{max(value, 0.02):.{decimals}f}", unit]


def cultures(course: Course) -> Iterator[Row]:
    """Blood cultures: taken at the first fever (negative) and as planned; a result is known days later."""
    first = (course.first_fever() + HOUR, "阴性")
    for taken, result in [first, *((course.at(when), word) for when, word in course.plan.cultures)]:
        known = taken + 5 * DAY if result == "阴性" else taken + 28 * HOUR
        yield [course.plan.no, stamp(taken), stamp(taken), "血", "已送检"]
        if known < course.leaves:
            yield [course.plan.no, stamp(taken), stamp(known), "血", result]


def outcomes(course: Course) -> Iterator[Row]:
    """Dates only, as in a follow-up register."""
    for day, event, result in course.plan.outcomes:
        method, sensitivity, judge = "", "", ""
        if event == "MRD":
            method, sensitivity = ("PCR", "0.00001") if int(course.plan.no[1:]) % 5 == 0 else ("流式", "0.0001")
        if event == "死亡":
            judge = "终点裁定小组" if result == "CRS" else "主治医师"
        date = (course.midnight + day * DAY).strftime("%Y-%m-%d")
        yield [course.plan.no, date, event, result, method, sensitivity, judge]


WRITERS = {
    "patients.csv": patients, "infusions.csv": infusions, "stays.csv": stays, "vitals.csv": vitals, "drugs.csv": drugs,
    "pressors.csv": pressors, "oxygen.csv": oxygen, "neuro.csv": neuro, "labs.csv": labs, "cultures.csv": cultures,
    "outcomes.csv": outcomes,
}  # fmt: skip


def write_example(folder: Path) -> None:
    """All CSV files, in UTF-8 with plain line ends."""
    for name, writer in WRITERS.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerow(HEADERS[name])
            for plan in PLANS:
                out.writerows(writer(Course(plan)))


if __name__ == "__main__":
    write_example(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
