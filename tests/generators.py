"""Small random courses as record tables that satisfy the contracts of `tocsin.tables`, full of colliding edges.

Everything is drawn as small whole minutes around time zero; `row_*` turn minutes into contract rows. A generated course
is plain Python (lists of dicts), so that the naive implementation reads exactly what the kernel reads.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from tocsin.tables import COURSES, RECORD_TABLES, Records

TIME_ZERO = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TABLE_NAMES = tuple(table.name for table in RECORD_TABLES)
Row = dict[str, Any]


def instant(minute: int, seconds: int = 0) -> datetime:
    return TIME_ZERO + timedelta(minutes=minute, seconds=seconds)


@dataclass(frozen=True)
class Generated:
    """Record tables (an absent table is a missing key), courses, and the last minute worth comparing."""

    tables: dict[str, list[Row]]
    courses: list[Row]
    last_minute: int

    def records(self) -> Records:
        # row order is the files' order: the records contract sorts by patient and time
        frames = {}
        for table in RECORD_TABLES:
            if table.name in self.tables:
                frame = table.frame(self.tables[table.name])
                when = "time" if "time" in frame.columns else "start" if "start" in frame.columns else "patient_id"
                frames[table.name] = frame.sort("patient_id", when, maintain_order=True)
        return Records.of(frames)

    def course_frame(self) -> pl.DataFrame:
        return COURSES.check(COURSES.frame(self.courses))


# ------------------------------------------------------------------------------------------------------- rows


def numbered(rows: list[Row], source: str) -> list[Row]:
    return [{**row, "source": source, "source_row": number} for number, row in enumerate(rows, start=1)]


def row_reading(
    variable: str, value: float, minute: int, *, delay: int = 0, seconds: int = 0, method: str | None = None,
    site: str | None = None, precision: str = "minute", patient_id: str = "p1",
) -> Row:  # fmt: skip
    time = instant(minute, seconds)
    return {
        "patient_id": patient_id, "time": time, "available_time": time + timedelta(minutes=delay),
        "precision": precision, "variable": variable, "value": float(value), "method": method, "site": site,
    }  # fmt: skip


def row_drug(
    drug: str, minute: int, *, mode: str = "infusion", delay: int = 0, rate: float | None = None,
    order_id: str | None = None, stop: int | None = None, precision: str = "minute", patient_id: str = "p1",
    dose: float | None = 1.0, dose_unit: str | None = None, unit: str = "ug/kg/min",
) -> Row:  # fmt: skip
    return {
        "patient_id": patient_id, "start": instant(minute), "available_time": instant(minute + delay),
        "precision": precision, "drug": drug, "mode": mode, "order_id": order_id,
        "stop": None if stop is None else instant(stop), "dose": dose if mode == "dose" else None,
        "dose_unit": dose_unit, "rate": rate, "rate_unit": None if rate is None else unit, "route": None,
    }  # fmt: skip


def row_support(
    device: str | None, minute: int, *, delay: int = 0, flow: float | None = None, fio2: float | None = None,
    reason: str | None = None, stop: int | None = None, precision: str = "minute", patient_id: str = "p1",
) -> Row:  # fmt: skip
    return {
        "patient_id": patient_id, "start": instant(minute), "available_time": instant(minute + delay),
        "precision": precision, "device": device, "stop": None if stop is None else instant(stop),
        "flow_l_min": flow, "fio2": fio2, "reason": reason,
    }  # fmt: skip


def row_assessment(
    item: str, value: str | None, minute: int, *, delay: int = 0, precision: str = "minute", patient_id: str = "p1"
) -> Row:
    return {
        "patient_id": patient_id, "time": instant(minute), "available_time": instant(minute + delay),
        "precision": precision, "item": item, "value": value,
    }  # fmt: skip


def row_stay(start: int, stop: int | None, kind: str = "hospital", patient_id: str = "p1") -> Row:
    return {
        "patient_id": patient_id, "start": instant(start), "stop": None if stop is None else instant(stop),
        "kind": kind, "stay_id": None, "discharge_to": None,
    }  # fmt: skip


def row_death(minute: int, cause: str | None, *, delay: int = 0, patient_id: str = "p1") -> Row:
    return {
        "patient_id": patient_id, "time": instant(minute), "available_time": instant(minute + delay),
        "precision": "minute", "what": "death", "value": cause, "method": None, "sensitivity": None,
        "adjudicated_by": None,
    }  # fmt: skip


def row_patient(patient_id: str = "p1", developmental_delay: bool | None = None) -> Row:
    return {"patient_id": patient_id, "developmental_delay": developmental_delay}


def row_course(
    age_y: float | None = 40.0, *, set_by: str = "infusion", ends: int | None = None, minute_zero: int = 0,
    course_id: str = "c1", patient_id: str = "p1", weight_kg: float | None = 70.0,
) -> Row:  # fmt: skip
    return {
        "course_id": course_id, "patient_id": patient_id, "time_zero": instant(minute_zero), "set_by": set_by,
        "precision": "minute", "product": None, "dose": None, "infusions": 1 if set_by == "infusion" else 0,
        "age_y": age_y, "weight_kg": weight_kg, "ends": None if ends is None else instant(ends),
    }  # fmt: skip


def generated(
    rows: dict[str, list[Row]], courses: list[Row], last_minute: int, absent: frozenset[str] = frozenset()
) -> Generated:
    """All record tables present unless named absent, rows numbered."""
    tables = {name: numbered(rows.get(name, []), f"{name}.csv") for name in TABLE_NAMES if name not in absent}
    return Generated(tables, courses, last_minute)


# --------------------------------------------------------------------------------------------------- strategies

EDGES = sorted(
    {
        base + near
        for base in (-2880, -1440, -720, -480, 0, 60, 120, 480, 720, 1440, 1500, 1920, 2880, 4320)
        for near in (-1, 0, 1)
    }
)
DELAYS = (0, 0, 0, 0, 0, 0, 1, 30, 60, 480, 600)
PRESSORS = ("norepinephrine", "epinephrine", "vasopressin", "terlipressin", "dobutamine")
MASKING = ("acetaminophen", "tocilizumab", "dexamethasone")
DEVICES = (
    None, None, None, "room_air", "room_air", "nasal_cannula", "nasal_cannula", "nasal_cannula", "hfnc", "hfnc",
    "blow_by", "simple_mask", "face_tent", "aerosol_mask", "venturi", "partial_rebreather", "non_rebreather",
    "face_mask", "tracheostomy_tube", "trach_collar", "t_piece", "cpap", "bipap", "ventilator", "ventilator",
    "ventilator", "ecmo", "other", "unrecognised",
)  # fmt: skip
AGES = (40.0, 40.0, 40.0, None, 0.05, 0.9, 1.0, 4.0, 10.0, 10.9, 11.0, 11.9, 12.0)
ITEM_VALUES = {
    "ice": ("10", "9", "7", "6", "3", "2", "0"),
    "capd": ("0", "1", "8", "9", "32"),
    "consciousness": ("awake", "to_voice", "to_touch", "unarousable", "sedated", "sedated"),
    "seizure": (
        "none",
        "resolved_partial",
        "resolved",
        "resolved_generalised",
        "nonconvulsive",
        "prolonged",
        "repetitive",
    ),
    "motor_weakness": ("no", "yes"),
    "oedema": ("none", "focal", "diffuse", "raised_pressure"),
    "attribution_fever": ("yes", "no", "unknown"),
    "attribution_hypotension": ("yes", "no", "unknown"),
    "attribution_oxygen": ("yes", "no", "unknown"),
    "attribution_neurotoxicity": ("yes", "no", "unknown"),
    "culture": ("taken", "positive"),
}
STAYS: tuple[tuple[tuple[int, int | None], ...], ...] = (
    ((-5000, None),),
    ((-5000, None),),
    ((-5000, None),),
    ((-100, None),),
    ((0, 900),),
    ((-500, 300), (360, None)),
    ((-500, 300), (300, None)),
    ((-500, 300), (200, 1000)),
    ((30, None),),
    ((-5000, 0), (1, 1441)),
    ((-60, 60), (61, None)),
    (),
)


def minutes(low: int = -2890, high: int = 4400) -> st.SearchStrategy[int]:
    edges = [edge for edge in EDGES if low <= edge <= high]
    return st.one_of(
        st.integers(max(low, -5), min(high, 130)), st.sampled_from(edges), st.integers(max(low, -200), min(high, 1600))
    )


@st.composite
def readings(draw: st.DrawFn, high: int) -> Row:
    variable = draw(st.sampled_from(("temperature", "temperature", "temperature", "systolic", "systolic", "spo2",
                                     "mean_pressure")))  # fmt: skip
    value, method, site = 0.0, None, None
    if variable == "temperature":
        value = draw(st.sampled_from((38.5, 38.0, 37.99, 36.5, 38.2, 37.7)))
        site = draw(st.sampled_from((None, "oral", "axillary", "rectal", "core")))
    elif variable == "spo2":
        value = draw(st.sampled_from((97, 92, 91.9, 90, 89, 85)))
    else:
        method = draw(st.sampled_from((None, "manual", "cuff", "arterial")))
        pool = (120, 85, 91, 90, 89, 78, 77, 70, 69, 60, 59) if variable == "systolic" else (80, 65, 64)
        value = draw(st.sampled_from(pool))
    return row_reading(
        variable, value, draw(minutes(high=high)), delay=draw(st.sampled_from(DELAYS)),
        seconds=draw(st.sampled_from((0, 0, 0, 59))), method=method, site=site,
        precision=draw(st.sampled_from(("minute",) * 9 + ("day",))),
    )  # fmt: skip


@st.composite
def pressor_rows(draw: st.DrawFn, high: int) -> Row:
    drug = draw(st.sampled_from(PRESSORS))
    start = draw(minutes(high=high))
    stop = draw(st.sampled_from((None, None, None, 0, 1, 30, 59, 60, 61, 120, 1441)))
    order = draw(st.sampled_from((None, "1", "2")))
    return row_drug(
        drug, start, mode=draw(st.sampled_from(("infusion",) * 8 + ("dose",))), delay=draw(st.sampled_from(DELAYS)),
        rate=draw(st.sampled_from((0.1, 0.1, 0.2, None, 0.0))), order_id=order and f"{drug}-{order}",
        stop=None if stop is None else start + stop,
    )  # fmt: skip


@st.composite
def masking_rows(draw: st.DrawFn, high: int) -> Row:
    mode = draw(st.sampled_from(("dose", "dose", "dose", "infusion")))
    return row_drug(
        draw(st.sampled_from(MASKING)), draw(minutes(high=high)), mode=mode, delay=draw(st.sampled_from(DELAYS)),
        rate=draw(st.sampled_from((1.0, 0.0, None))) if mode == "infusion" else None,
    )  # fmt: skip


@st.composite
def support_rows(draw: st.DrawFn, high: int, delays: tuple[int, ...] = DELAYS) -> Row:
    device = draw(st.sampled_from(DEVICES))
    start = draw(minutes(high=high))
    stop = draw(st.sampled_from((None, None, None, 0, 1, 60, 120, 1439, 1440, 1441))) if device else None
    return row_support(
        device, start, delay=draw(st.sampled_from(delays)),
        flow=draw(st.sampled_from((None, 0.0, 2.0, 4.9, 5.0, 6.0, 6.1, 7.0, 30.0))),
        fio2=draw(st.sampled_from((None, None, 0.21, 0.22, 0.39, 0.4, 0.5))),
        reason=draw(st.sampled_from((None, None, "crs_hypoxia", "airway_protection", "known_sleep_apnoea",
                                     "procedure", "unknown"))),
        stop=None if stop is None else start + stop,
    )  # fmt: skip


@st.composite
def assessment_rows(draw: st.DrawFn, high: int) -> Row:
    item = draw(st.sampled_from(tuple(ITEM_VALUES)))
    return row_assessment(
        item, draw(st.sampled_from(ITEM_VALUES[item])), draw(minutes(high=high)),
        delay=draw(st.sampled_from(DELAYS)), precision=draw(st.sampled_from(("minute",) * 9 + ("day",))),
    )  # fmt: skip


@st.composite
def courses(draw: st.DrawFn, patient_id: str = "p1", course_id: str = "c1") -> Generated:
    """One course of one patient. The first alternatives are the plain ones, so that failures shrink to them."""
    high = draw(st.sampled_from((130, 600, 900, 1600, 3100, 4400)))
    rows: dict[str, list[Row]] = {
        "patients": [row_patient(developmental_delay=draw(st.sampled_from((None, None, False, True))))],
        "stays": [row_stay(start, stop) for start, stop in draw(st.sampled_from(STAYS))],
        "measurements": draw(st.lists(readings(high), max_size=14)),
        "drugs": draw(st.lists(pressor_rows(high), max_size=6)) + draw(st.lists(masking_rows(high), max_size=3)),
        "supports": draw(st.lists(support_rows(high), max_size=6)),
        "assessments": draw(st.lists(assessment_rows(high), max_size=7)),
        "outcomes": draw(st.one_of(st.just([]), st.builds(
            lambda minute, cause, delay: [row_death(minute, cause, delay=delay)],
            st.integers(0, high), st.sampled_from(("crs", "progression", "infection", None)), st.just(0)))),
    }  # fmt: skip
    if draw(st.booleans()):  # most courses need a fever early on to be interesting
        start = draw(st.integers(0, 60))
        rows["measurements"].append(row_reading("temperature", 39.0, start))
    absent = draw(st.one_of(st.just(frozenset()), st.just(frozenset()), st.just(frozenset()), st.frozensets(
        st.sampled_from(("measurements", "drugs", "supports", "assessments", "outcomes")), max_size=2)))  # fmt: skip
    course = row_course(
        draw(st.sampled_from(AGES)), set_by=draw(st.sampled_from(("infusion", "infusion", "admission"))),
        ends=draw(st.one_of(st.none(), st.none(), st.none(), st.integers(1, high))),
    )  # fmt: skip
    return renamed(generated(rows, [course], high + 100, absent), patient_id, course_id)


# ------------------------------------------------------------------------------------ what the other scales look at

BUILDS: tuple[tuple[float | None, float | None], ...] = (  # age, weight
    (40.0, 70.0), (40.0, 50.0), (40.0, None), (None, None), (None, 39.9), (40.0, 39.0), (15.9, None), (16.0, None),
    (15.0, 40.0), (6.0, 16.0), (6.0, 20.0), (6.0, None), (0.9, 8.0),
)  # fmt: skip
RATED = ("norepinephrine", "norepinephrine", "epinephrine", "phenylephrine", "dopamine", "vasopressin", "terlipressin",
         "metaraminol")  # fmt: skip
# at and around the edges of the table of high doses, in each unit
RATES: dict[str, tuple[float | None, ...]] = {
    "ug/kg/min": (0.05, 0.1, 0.0999, 0.2, 0.1999, 0.3, 1.0, 2.0, 1.99, 5.0, 9.99, 10.0, 20.0, 0.0),
    "ug/min": (5.0, 7.0, 9.99, 10.0, 14.0, 13.99, 19.99, 20.0, 50.0, 100.0, 199.9, 200.0, 700.0, 0.0),
    "mg/h": (0.3, 0.42, 0.6, 0.84, 1.2, 1.1999, 3.0, 12.0, 42.0),
    "U/min": (0.01, 0.04),
    "mL/h": (5.0, 100.0),
}
LAB_VALUES: dict[str, tuple[float, ...]] = {
    "creatinine": (0.4, 0.6, 0.9, 1.0, 1.2, 1.21, 1.5, 1.8, 1.81, 3.6, 3.61, 7.2, 7.21),
    "bilirubin": (0.5, 1.2, 1.21, 1.8, 1.81, 3.6, 3.61, 12.0, 12.1),
    "ast": (20.0, 40.0, 41.0, 120.0, 121.0, 200.0, 201.0, 800.0, 801.0),
    "alt": (20.0, 40.0, 41.0, 120.0, 121.0, 200.0, 201.0, 800.0, 801.0),
    "fibrinogen": (4.0, 3.0, 2.0, 1.99, 1.5, 1.49, 1.0, 0.99, 0.5, 0.49),
}
WIDE_ITEM_VALUES = {
    "ctcae_creatinine": ("0", "1", "2", "3", "4"),
    "ctcae_transaminase": ("0", "2", "3", "4"),
    "ctcae_organ": ("0", "1", "2", "3", "4"),
    "dialysis": ("yes", "no", "no"),
    "crs_care": ("none", "iv_therapy"),
    "cartox10": ("10", "10", "9", "6", "2", "0"),
    "papilloedema": ("none", "low", "high"),
    "attribution_organ": ("yes", "no", "unknown"),
    "attribution_hypotension": ("yes", "no", "unknown"),
    "attribution_neurotoxicity": ("yes", "no", "unknown"),
    "consciousness": ("awake", "sedated"),
}
PRODUCTS = ("plasma", "cryoprecipitate", "fibrinogen_concentrate")
FLUIDS = ("sodium_chloride", "lactated_ringers", "albumin")


@st.composite
def rated_rows(draw: st.DrawFn, high: int) -> Row:
    drug = draw(st.sampled_from(RATED))
    unit = draw(st.sampled_from(tuple(RATES)[:2] * 3 + tuple(RATES)[2:]))
    if drug == "vasopressin":
        unit = "U/min"
    start = draw(minutes(high=high))
    stop = draw(st.sampled_from((None, None, None, 60, 179, 180, 181, 240, 1441)))
    order = draw(st.sampled_from((None, None, "1", "2")))
    return row_drug(
        drug, start, delay=draw(st.sampled_from(DELAYS)), rate=draw(st.sampled_from((*RATES[unit], None))), unit=unit,
        order_id=order and f"{drug}-{order}", stop=None if stop is None else start + stop,
    )  # fmt: skip


@st.composite
def lab_rows(draw: st.DrawFn, high: int) -> Row:
    variable = draw(st.sampled_from(tuple(LAB_VALUES)))
    minute = draw(st.one_of(minutes(high=high), st.sampled_from((-43201, -43200, -20161, -20160, -14000, -9000, -1))))
    return row_reading(
        variable, draw(st.sampled_from(LAB_VALUES[variable])), minute,
        delay=draw(st.sampled_from((0, 0, 0, 60, 2000))), precision=draw(st.sampled_from(("minute",) * 9 + ("day",))),
    )  # fmt: skip


@st.composite
def given_rows(draw: st.DrawFn, high: int) -> Row:
    """Fluids, coagulation products, lymphodepletion."""
    kind = draw(st.sampled_from(("fluid", "fluid", "product", "chemotherapy")))
    delay = draw(st.sampled_from(DELAYS))
    if kind == "chemotherapy":
        start = draw(st.sampled_from((-20161, -20160, -9000, -7200, -1440, -1, 0, 30)))
        return row_drug(draw(st.sampled_from(("cyclophosphamide", "fludarabine", "bendamustine"))), start, mode="dose")
    mode = draw(st.sampled_from(("dose", "dose", "dose", "infusion")))
    rate = draw(st.sampled_from((None, 0.0, 100.0))) if mode == "infusion" else None
    minute = draw(minutes(high=high))
    if kind == "product":
        return row_drug(draw(st.sampled_from(PRODUCTS)), minute, mode=mode, delay=delay, rate=rate, unit="mL/h")
    return row_drug(
        draw(st.sampled_from(FLUIDS)), minute, mode=mode, delay=delay, rate=rate, unit="mL/h",
        dose=draw(st.sampled_from((None, 1000.0, 500.0, 250.0, 249.9, 200.0, 199.9, 160.0, 159.9, 80.0, 50.0))),
        dose_unit=draw(st.sampled_from(("mL", "mL", "mL", "mL", None, "g"))),
        precision=draw(st.sampled_from(("minute",) * 19 + ("day",))),
    )  # fmt: skip


@st.composite
def wide_assessments(draw: st.DrawFn, high: int) -> Row:
    item = draw(st.sampled_from(tuple(WIDE_ITEM_VALUES)))
    return row_assessment(
        item, draw(st.sampled_from(WIDE_ITEM_VALUES[item])), draw(minutes(high=high)),
        delay=draw(st.sampled_from(DELAYS)), precision=draw(st.sampled_from(("minute",) * 9 + ("day",))),
    )  # fmt: skip


@st.composite
def wide_courses(draw: st.DrawFn) -> Generated:
    """A course of `courses` with laboratory values, doses of vasopressors, fluids, products and charted grades."""
    whole = draw(courses())
    high = whole.last_minute - 100
    more = {
        "measurements": draw(st.lists(lab_rows(high), max_size=10)),
        "drugs": draw(st.lists(rated_rows(high), max_size=6)) + draw(st.lists(given_rows(high), max_size=5)),
        "assessments": draw(st.lists(wide_assessments(high), max_size=8)),
    }
    age, weight = draw(st.sampled_from(BUILDS))
    tables = {name: numbered(rows + more.get(name, []), f"{name}.csv") for name, rows in whole.tables.items()}
    return Generated(tables, [{**whole.courses[0], "age_y": age, "weight_kg": weight}], whole.last_minute)


@st.composite
def cohorts(draw: st.DrawFn, most: int = 4) -> Generated:
    """Several patients, one course each, in one set of tables (every table supplied)."""
    parts = [draw(courses(f"p{number}", f"c{number}")) for number in range(1, draw(st.integers(2, most)) + 1)]
    return together(parts)


def renamed(one: Generated, patient_id: str, course_id: str) -> Generated:
    tables = {name: [{**row, "patient_id": patient_id} for row in rows] for name, rows in one.tables.items()}
    courses = [{**row, "patient_id": patient_id, "course_id": course_id} for row in one.courses]
    return Generated(tables, courses, one.last_minute)


def together(parts: list[Generated]) -> Generated:
    rows = {name: [row for part in parts for row in part.tables.get(name, [])] for name in TABLE_NAMES}
    return generated(rows, [row for part in parts for row in part.courses], max(part.last_minute for part in parts))


def only_patient(whole: Generated, patient_id: str) -> Generated:
    tables = {name: [r for r in rows if r["patient_id"] == patient_id] for name, rows in whole.tables.items()}
    return replace(whole, tables=tables, courses=[r for r in whole.courses if r["patient_id"] == patient_id])


# ------------------------------------------------------------------------------------- what may be done to a history


def cut_at(whole: Generated, minute: int) -> Generated:
    """What was known at the end of `minute` after the (only) time zero: later records gone, later stops open."""
    end = whole.courses[0]["time_zero"] + timedelta(minutes=minute + 1)  # exclusive
    tables = {}
    for name, rows in whole.tables.items():
        kept = [
            row for row in rows if row.get("available_time", row.get("start", TIME_ZERO)) < end or name == "patients"
        ]
        tables[name] = [
            {**row, "stop": None} if row.get("stop") is not None and row["stop"] >= end else row for row in kept
        ]
    courses = [
        {**row, "ends": None} if row["ends"] is not None and row["ends"] >= end else row for row in whole.courses
    ]
    return Generated(tables, courses, min(whole.last_minute, minute))


def shuffled(whole: Generated, seed: int) -> Generated:
    order = random.Random(seed)
    return replace(whole, tables={name: order.sample(rows, len(rows)) for name, rows in whole.tables.items()})


def shifted(whole: Generated, days: int) -> Generated:
    def shift(row: Row) -> Row:
        return {
            key: value + timedelta(days=days) if isinstance(value, datetime) else value for key, value in row.items()
        }

    tables = {name: [shift(row) for row in rows] for name, rows in whole.tables.items()}
    return replace(whole, tables=tables, courses=[shift(row) for row in whole.courses])


# --------------------------------------------------------------------------------------------------- longer courses


def long_course(seed: int) -> Generated:
    """Three days on a ward that look like charting: four-hourly readings with jitter, drugs and devices that change."""
    dice = random.Random(seed)
    high = 4320
    rows: dict[str, list[Row]] = {name: [] for name in TABLE_NAMES}
    rows["patients"].append(row_patient())
    rows["stays"] += [
        row_stay(*stay) for stay in dice.choice((((-4000, None),), ((-4000, 2000), (2100, None)), ((-60, 4000),)))
    ]
    fever_from, fever_to = dice.randrange(-600, 1500), dice.randrange(300, 3500)
    step = dice.choice((60, 240, 240, 420))
    for planned in range(-1200, high, step):
        minute = planned + dice.randrange(-20, 20)
        late = dice.choice((0, 0, 0, 0, 45, 300))
        hot = fever_from <= minute < fever_to
        rows["measurements"].append(
            row_reading("temperature", round(dice.gauss(38.7 if hot else 36.9, 0.5), 1), minute, delay=late)
        )
        if dice.random() < 0.8:
            rows["measurements"].append(
                row_reading(
                    "systolic",
                    round(dice.gauss(96, 12)),
                    minute,
                    delay=late,
                    method=dice.choice((None, "cuff", "arterial")),
                )
            )
        if dice.random() < 0.7:
            rows["measurements"].append(row_reading("spo2", min(100, round(dice.gauss(94, 3))), minute, delay=late))
    for drug in dice.sample(PRESSORS, dice.randrange(0, 4)):
        start = dice.randrange(-300, 3000)
        order = dice.choice((None, f"{drug}-1"))
        for _ in range(dice.randrange(1, 6)):
            stop = dice.choice((None, None, start + dice.randrange(10, 1500)))
            rows["drugs"].append(
                row_drug(drug, start, rate=dice.choice((0.05, 0.1, 0.2, None, 0.0)), order_id=order, stop=stop,
                         delay=dice.choice((0, 0, 0, 20)))
            )  # fmt: skip
            start += dice.choice((30, 60, 300, 900, 1500))
    for _ in range(dice.randrange(0, 5)):
        rows["drugs"].append(row_drug(dice.choice(MASKING), dice.randrange(-100, 3500), mode="dose"))
    minute = dice.randrange(-600, 600)
    for _ in range(dice.randrange(0, 10)):
        device = dice.choice(DEVICES)
        stop = minute + dice.randrange(20, 1500) if device and dice.random() < 0.3 else None
        rows["supports"].append(
            row_support(device, minute, flow=dice.choice((None, 1.0, 2.0, 4.0, 5.0, 6.0, 6.1, 10.0, 40.0)),
                        fio2=dice.choice((None, None, 0.3, 0.4, 0.6)), stop=stop,
                        reason=dice.choice((None, None, None, "crs_hypoxia", "airway_protection")))
        )  # fmt: skip
        minute += dice.choice((15, 60, 240, 700, 1500))
    for item in ITEM_VALUES:
        for minute in range(dice.randrange(-300, 800), high, dice.choice((480, 720, 1500))):
            if dice.random() < (0.12 if item.startswith("attribution") else 0.7):
                rows["assessments"].append(
                    row_assessment(item, dice.choice(ITEM_VALUES[item]), minute + dice.randrange(9))
                )
    if dice.random() < 0.1:
        rows["outcomes"].append(row_death(dice.randrange(2000, high), dice.choice(("crs", "progression"))))
    course = row_course(dice.choice(AGES), set_by=dice.choice(("infusion", "infusion", "admission")))
    return generated(rows, [course], high)


def wide_course(seed: int) -> Generated:
    """A `long_course` with more vasopressors at changing rates, labs twice a day, boluses, products, charted grades."""
    dice = random.Random(1000 + seed)
    whole = long_course(seed)
    high = whole.last_minute
    age, weight = dice.choice(BUILDS)
    rows = {name: list(table) for name, table in whole.tables.items()}
    for drug in dice.sample(sorted(set(RATED)), dice.randrange(1, 5)):
        unit = "U/min" if drug == "vasopressin" else dice.choice(("ug/kg/min", "ug/kg/min", "ug/min", "ug/min", "mg/h"))
        minute, order = dice.randrange(-1500, 2500), dice.choice((None, f"{drug}-1"))
        for _ in range(dice.randrange(1, 8)):
            stop = dice.choice((None, None, None, minute + dice.choice((90, 180, 181, 700, 1441))))
            rows["drugs"].append(
                row_drug(drug, minute, rate=dice.choice((*RATES[unit], None)), unit=unit, order_id=order, stop=stop,
                         delay=dice.choice((0, 0, 0, 20)))
            )  # fmt: skip
            minute += dice.choice((30, 60, 119, 179, 180, 181, 400, 900, 1439, 1500))
    for variable, values in LAB_VALUES.items():
        for minute in range(dice.randrange(-40000, 800), high, dice.choice((720, 1440, 2170))):
            value = dice.choice(values)
            rows["measurements"].append(row_reading(variable, value, minute, delay=dice.choice((0, 45, 45, 600))))
            if dice.random() < 0.2:
                rows["measurements"].append(row_reading(variable, dice.choice(values), minute))
    for item, words in WIDE_ITEM_VALUES.items():
        for minute in range(dice.randrange(-300, 2500), high, dice.choice((480, 1440, 2500))):
            if dice.random() < (0.12 if item.startswith(("attribution", "consciousness")) else 0.6):
                rows["assessments"].append(row_assessment(item, dice.choice(words), minute))
    for _ in range(dice.randrange(0, 6)):
        rows["drugs"].append(
            row_drug(dice.choice(FLUIDS), dice.randrange(-1500, high), mode="dose", delay=dice.choice((0, 0, 30)),
                     dose=dice.choice((None, 1000.0, 250.0, 249.9, 160.0, 80.0)),
                     dose_unit=dice.choice(("mL", "mL", "mL", "g")))
        )  # fmt: skip
    for _ in range(dice.randrange(0, 3)):
        rows["drugs"].append(row_drug(dice.choice(PRODUCTS), dice.randrange(-1500, high), mode="dose"))
    if dice.random() < 0.6:
        rows["drugs"].append(row_drug("fludarabine", dice.randrange(-21000, -1000), mode="dose"))
    course = {**whole.courses[0], "age_y": age, "weight_kg": weight}
    return generated(rows, [course], high)
