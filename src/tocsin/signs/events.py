"""Records and courses into the flat arrays the kernel reads: readings by patient, acts by course, fixed facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tocsin import vocabulary
from tocsin.signs import state
from tocsin.signs.acts import acts, charted_to_the_day, clock_column, codes, minute_of, pressor_names
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_READ = {"temperature": 0, "systolic": 1, "mean_pressure": 2, "spo2": 3}
METHOD_RANK = {"arterial": 0, "cuff": 1, "manual": 2}
LIGHT_KG = 40  # below it doses are judged by weight
ORAL_SHIFT = {"axillary": 0.3, "rectal": -0.3, "core": -0.3}


@dataclass(frozen=True)
class Events:
    """What one call of the kernel needs; `readings` keeps the frame its positions point into."""

    courses: np.ndarray[Any, Any]
    zero: np.ndarray[Any, Any]
    spans: tuple[np.ndarray[Any, Any], ...]
    time: np.ndarray[Any, Any]
    read_time: np.ndarray[Any, Any]
    code: np.ndarray[Any, Any]
    value: np.ndarray[Any, Any]
    rank: np.ndarray[Any, Any]
    acts: np.ndarray[Any, Any]
    rules: np.ndarray[Any, Any]
    lookback: int
    readings: pl.DataFrame


def _minutes(hours: float) -> int:
    return round(hours * 60)


def rules(parameters: Parameters, wide: bool = False) -> np.ndarray[Any, Any]:
    """Parameters and vocabulary in the record the steps read."""
    p = parameters
    made = np.zeros(1, state.RULES)
    r = made[0]
    r["fever"], r["mean_below"], r["confirm"] = p.fever, p.mean_below, p.confirm_hypotension
    r["windows"] = [_minutes(h) for h in (p.temperature_valid_h, p.pressure_valid_h, p.pressure_valid_h, p.spo2_valid_h,
                                         p.ice_valid_h, p.ice_valid_h, *[p.neuro_valid_h] * 4, *[p.lab_valid_h] * 8,
                                         p.ice_valid_h, p.neuro_valid_h, p.neuro_valid_h)]  # fmt: skip
    r["slots"], r["wide"] = state.SLOTS if wide else state.NARROW, wide
    r["high_dose"], r["pressor_long"] = _minutes(p.high_dose_h), _minutes(p.pressor_long_h)
    r["fluid_window"], r["product_window"] = _minutes(p.fluid_window_h), _minutes(p.product_h)
    r["first_weeks"] = int(p.first_weeks_days * 1440)
    r["ice_low"], r["silent"], r["overlap"] = (
        _minutes(p.ice_low_valid_h),
        _minutes(p.pressor_silent_h),
        int(p.overlap_min),
    )
    r["after_intubation"], r["device_valid"] = int(p.after_intubation_min), _minutes(p.device_valid_h)
    r["assume_oxygen"], r["marshall"] = p.oxygen_uncharted != "unknown", p.fio2_table == "marshall"
    r["prior_fever"], r["fever_free"], r["search"] = (
        _minutes(p.prior_fever_h),
        _minutes(p.fever_free_h),
        int(p.search_days * 1440),
    )
    r["carry"], r["waive_antipyretic"] = _minutes(p.fever_carry_h), p.waiver_drugs == "all"
    r["resolve"], r["mask_antipyretic"], r["mask_steroid"] = (
        _minutes(p.resolve_h), _minutes(p.mask_antipyretic_h), _minutes(p.mask_steroid_h))  # fmt: skip
    r["assume_neuro"] = p.neuro_uncharted != "unknown"
    pressors = pressor_names()
    r["pressors"] = len(pressors)
    r["vasopressin"][: len(pressors)] = [vocabulary.drugs()[name].group == "vasopressin" for name in pressors]
    r["role"][: len(pressors)] = [
        state.VASOPRESSIN if r["vasopressin"][k] else state.ROLES.get(name, state.OTHER)
        for k, name in enumerate(pressors)
    ]
    names = list(vocabulary.devices())
    r["ventilator"], r["room_air"] = names.index("ventilator"), names.index("room_air")
    for k, device in enumerate(vocabulary.devices().values()):
        rule = "by_flow_high" if device.oxygen == "by_flow" and device.when_missing == "high" else device.oxygen
        r["class_rule"][k] = state.CLASS_RULES.index(rule)
        r["fio2_rule"][k] = {
            "nasal_cannula": 1,
            "simple_mask": 2,
            "face_tent": 2,
            "aerosol_mask": 2,
            "face_mask": 2,
        }.get(device.name, 0)
        r["fio2_default"][k] = np.nan if device.fio2 is None else device.fio2
    return made


def limits(age: float | None) -> tuple[float, float]:
    """Systolic below the first is hypotension, from the second on it is not; between them unknown (age unknown)."""
    if age is None:
        return 60.0, 90.0
    if age < 1:
        return (60.0, 60.0) if age < 1 / 12 else (70.0, 70.0)
    low = 90.0 if int(age) > 10 else 70.0 + 2 * int(age)
    return low, low


def _course_facts(records: Records, courses: pl.DataFrame, parameters: Parameters) -> np.ndarray[Any, Any]:
    made = np.zeros(courses.height, state.COURSE)
    ages = courses.get_column("age_y").to_list()
    pairs = {age: limits(age) for age in set(ages)}
    made["limit_low"] = [pairs[age][0] for age in ages]
    made["limit_high"] = [pairs[age][1] for age in ages]
    delayed = records.patients.filter(pl.col("developmental_delay")).get_column("patient_id").to_list()
    child = (pl.col("age_y") < 12) | pl.col("patient_id").is_in(delayed)
    ends = pl.min_horizontal(minute_of(pl.col("ends")), "died").fill_null(state.NEVER)
    facts = courses.with_columns(died=deaths_by_course(records, courses)).select(
        child=child.fill_null(False),
        unknown=pl.col("age_y").is_null(),
        infusion=pl.col("set_by") == "infusion",
        end=ends,
    )
    made["uses_ice"] = ~facts.get_column("child").to_numpy()
    made["uses_capd"] = (facts.get_column("child") | facts.get_column("unknown")).to_numpy()
    made["infusion"], made["end"] = facts.get_column("infusion").to_numpy(), facts.get_column("end").to_numpy()
    made["stays_given"] = "stays" in records.supplied
    made["weight"] = courses.get_column("weight_kg").fill_null(float("nan")).to_numpy()
    made["light"] = made["weight"] < LIGHT_KG
    doubts = {table: records.doubts.filter(pl.col("table") == table) for table in ("drugs", "supports")}
    before = charted_to_the_day(records, courses, parameters).filter(pl.col("minute") < 0)

    def doubted(of: int, table: str = "") -> np.ndarray[Any, Any]:
        mine = before.filter(pl.col("of") == of).get_column("course_id").to_list()
        patients = doubts[table].get_column("patient_id").to_list() if table else []
        return (
            courses.select(pl.col("course_id").is_in(mine) | pl.col("patient_id").is_in(patients))
            .to_series()
            .to_numpy()
        )

    made["covers_drugs"] = "stays" in records.supplied and "drugs" in records.supplied
    made["covers_drugs"] &= ~doubted(state.OF_DRUGS, "drugs")
    made["covers_care"] = ~doubted(state.OF_CARE)
    made["supports_open"] = doubted(state.OF_SUPPORTS, "supports")
    if parameters.fall_fraction:
        _own_limits(records, courses, parameters, made)
    return made


def _own_limits(records: Records, courses: pl.DataFrame, parameters: Parameters, made: np.ndarray[Any, Any]) -> None:
    before = (
        records.measurements.filter(pl.col("variable") == "systolic", pl.col("precision") == "minute")
        .join(courses.select("course_id", "patient_id", "time_zero"), on="patient_id")
        .with_columns(minute=minute_of(clock_column(parameters, "time")))
        .filter(pl.col("minute").is_between(-int(parameters.lookback_h * 60), -1))
    )
    own = dict(before.group_by("course_id").agg(pl.col("value").median()).iter_rows())
    for c, course_id in zip(made, courses.get_column("course_id"), strict=True):
        if course_id in own:
            limit = (1 - parameters.fall_fraction) * own[course_id]
            c["limit_low"], c["limit_high"] = max(c["limit_low"], limit), max(c["limit_high"], limit)


def deaths_by_course(records: Records, courses: pl.DataFrame) -> pl.Series:
    """Minute of death per course, where it is known to the minute; a death known to the day decides no minute."""
    deaths = records.outcomes.filter(pl.col("what") == "death", pl.col("precision") == "minute")
    first = deaths.group_by("patient_id").agg(death=pl.col("time").min())
    joined = courses.select("patient_id", "time_zero").join(first, on="patient_id", how="left", maintain_order="left")
    died = minute_of(pl.col("death"))
    return joined.select(
        died=pl.when(died >= 0).then(died)
    ).to_series()  # a death before minute 0 is an error of the records


def build(records: Records, courses: pl.DataFrame, parameters: Parameters, wide: bool = False) -> Events:
    """Arrays for the kernel; with `wide` also what the wide situation needs. `courses` must be sorted by patient."""
    readings = _sorted_readings(records.measurements, parameters)
    available = clock_column(parameters, "time")
    value, method = pl.col("value"), pl.col("method")
    code = codes("variable", list(_READ)).fill_null(-1).cast(pl.Int8)
    if not readings.select((pl.col("precision") == "minute").all()).item():
        code = pl.when(pl.col("precision") == "minute").then(code).otherwise(pl.lit(-1, pl.Int8))
    rank = method.replace_strict(METHOD_RANK, default=3, return_dtype=pl.Int8)
    if readings.get_column("method").null_count() == readings.height:
        rank = pl.repeat(3, readings.height, dtype=pl.Int8)
    if parameters.site_policy == "oral_equivalent":
        shift = pl.col("site").replace_strict(ORAL_SHIFT, default=0.0, return_dtype=pl.Float64)
        value = pl.when(pl.col("variable") == "temperature").then((value + shift).round(3)).otherwise(value)
    columns = readings.select(
        time=available.to_physical(), read=pl.col("time").to_physical(), code=code, value=value,
        rank=rank,
    )  # fmt: skip
    span = _spans(readings.get_column("patient_id"))
    ids = courses.get_column("patient_id").to_list()
    nothing = (0, 0)
    first = np.array([span.get(p, nothing)[0] for p in ids], np.int64)
    last = np.array([span.get(p, nothing)[1] for p in ids], np.int64)
    found, act_course = acts(records, courses, parameters, readings, wide)
    act_first, act_last = (np.searchsorted(act_course, np.arange(len(ids)), side) for side in ("left", "right"))
    arrays = {name: np.ascontiguousarray(columns.get_column(name).to_numpy()) for name in columns.columns}
    return Events(
        courses=_course_facts(records, courses, parameters),
        zero=courses.get_column("time_zero").to_physical().to_numpy().astype(np.int64),
        spans=(first, last, act_first, act_last),
        time=arrays["time"],
        read_time=arrays["read"],
        code=arrays["code"],
        value=arrays["value"],
        rank=arrays["rank"],
        acts=found,
        rules=rules(parameters, wide),
        lookback=int(parameters.lookback_h * 60),
        readings=readings,
    )


def _sorted_readings(measurements: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    if measurements.is_empty():
        return measurements
    available = clock_column(parameters, "time")
    patient = pl.col("patient_id")
    same = patient == patient.shift(1)
    sorted_ = measurements.select(
        ((patient >= patient.shift(1)) & (~same | (available >= available.shift(1)))).fill_null(True).all()
    ).item()
    return (
        measurements
        if sorted_
        else measurements.sort("patient_id", available, "time", "source_row", maintain_order=True)
    )


def _spans(column: pl.Series) -> dict[Any, tuple[int, int]]:
    """Value -> [first, last) of its rows; equal values stand together."""
    runs = column.rle().struct.unnest()
    ends = runs.get_column("len").cum_sum().to_list()
    lengths = runs.get_column("len").to_list()
    return {v: (end - n, end) for v, n, end in zip(runs.get_column("value").to_list(), lengths, ends, strict=True)}
