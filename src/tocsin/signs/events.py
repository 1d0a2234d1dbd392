"""Records and courses into the flat arrays the kernel reads: readings by patient, acts by course, fixed facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tocsin import vocabulary
from tocsin.signs import state
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_READ = {"temperature": 0, "systolic": 1, "mean_pressure": 2, "spo2": 3}
METHOD_RANK = {"arterial": 0, "cuff": 1, "manual": 2}
_ASSESSED = {
    "ice": (state.ICE, None),
    "capd": (state.CAPD, None),
    "consciousness": (state.CONSCIOUSNESS, state.CONSCIOUSNESS_WORDS),
    "seizure": (state.SEIZURE, state.SEIZURE_WORDS),
    "motor_weakness": (state.MOTOR, state.MOTOR_WORDS),
    "oedema": (state.OEDEMA, state.OEDEMA_WORDS),
}
_AXES = {"attribution_fever": 0, "attribution_hypotension": 1, "attribution_oxygen": 2, "attribution_neurotoxicity": 3}
ORAL_SHIFT = {"axillary": 0.3, "rectal": -0.3, "core": -0.3}
EXCLUDED_REASONS = ("airway_protection", "known_sleep_apnoea", "procedure")
MASKING_GROUPS = {"antipyretic": 1, "steroid": 2, "anticytokine": 3}
MERGE_MINUTES = 60


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


def clock_column(parameters: Parameters, instant: str) -> pl.Expr:
    """The instant a record counts from."""
    return pl.col("available_time") if parameters.clock == "available" else pl.col(instant)


def minute_of(instant: pl.Expr) -> pl.Expr:
    """Minute since the course's `time_zero`, floor, also below zero."""
    return ((instant - pl.col("time_zero")).dt.total_microseconds() // 60_000_000).cast(pl.Int32)


def _minutes(hours: float) -> int:
    return round(hours * 60)


def rules(parameters: Parameters) -> np.ndarray[Any, Any]:
    """Parameters and vocabulary in the record the steps read."""
    p = parameters
    made = np.zeros(1, state.RULES)
    r = made[0]
    r["fever"], r["mean_below"], r["confirm"] = p.fever, p.mean_below, p.confirm_hypotension
    r["windows"] = [_minutes(h) for h in (p.temperature_valid_h, p.pressure_valid_h, p.pressure_valid_h, p.spo2_valid_h,
                                         p.ice_valid_h, p.ice_valid_h, *[p.neuro_valid_h] * 4)]  # fmt: skip
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


def pressor_names() -> tuple[str, ...]:
    """Counted vasopressors in the order of their codes."""
    return tuple(name for name, drug in vocabulary.drugs().items() if drug.counts_as_vasopressor)


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
    vague = _charted_to_the_day(records.drugs, pl.col("drug").is_in(_watched_drugs()))
    made["covers_drugs"] = "stays" in records.supplied and "drugs" in records.supplied
    vague += records.doubts.filter(pl.col("table") == "drugs").get_column("patient_id").to_list()
    made["covers_drugs"] &= ~courses.get_column("patient_id").is_in(vague).to_numpy()
    vague = _charted_to_the_day(records.supports, pl.lit(True))
    vague += records.doubts.filter(pl.col("table") == "supports").get_column("patient_id").to_list()
    made["supports_open"] = courses.get_column("patient_id").is_in(vague).to_numpy()
    if parameters.fall_fraction:
        _own_limits(records, courses, parameters, made)
    return made


def _watched_drugs() -> list[str]:
    """Drugs whose presence decides a sign."""
    drugs = vocabulary.drugs().items()
    return [name for name, drug in drugs if drug.counts_as_vasopressor or drug.group in MASKING_GROUPS]


def _charted_to_the_day(table: pl.DataFrame, which: pl.Expr) -> list[str]:
    """Patients with such a row charted to the day: it decides no minute, so nothing is excluded at any minute."""
    return table.filter((pl.col("precision") == "day") & which).get_column("patient_id").unique().to_list()


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


def build(records: Records, courses: pl.DataFrame, parameters: Parameters) -> Events:
    """Arrays for the kernel. `courses` must be sorted by patient."""
    readings = _sorted_readings(records.measurements, parameters)
    available = clock_column(parameters, "time")
    value, method = pl.col("value"), pl.col("method")
    code = _codes("variable", list(_READ)).fill_null(-1).cast(pl.Int8)
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
    acts, act_course = _acts(records, courses, parameters)
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
        acts=acts,
        rules=rules(parameters),
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


def _codes(column: str, words: list[str]) -> pl.Expr:
    """Place of each word in `words`, null for any other; twice as fast as a replacement."""
    return pl.col(column).cast(pl.Enum(words), strict=False).to_physical()


def _spans(column: pl.Series) -> dict[Any, tuple[int, int]]:
    """Value -> [first, last) of its rows; equal values stand together."""
    runs = column.rle().struct.unnest()
    ends = runs.get_column("len").cum_sum().to_list()
    lengths = runs.get_column("len").to_list()
    return {v: (end - n, end) for v, n, end in zip(runs.get_column("value").to_list(), lengths, ends, strict=True)}


_ACT_COLUMNS = ("minute", "rank", "kind", "code", "key", "flag", "read", "value", "value2", "position", "stop")


def _act(frame: pl.DataFrame, kind: int, at: pl.Expr, read: pl.Expr | None = None, **more: pl.Expr) -> pl.DataFrame:
    """Rows of one kind; `at` is the instant it counts from, `read` the instant it was true."""
    numbers = {name: more.get(name, pl.lit(0)) for name in ("code", "key", "flag", "position")}
    stop = minute_of(more["stop"]).fill_null(state.NEVER) if "stop" in more else pl.lit(state.NEVER, pl.Int32)
    values = {name: more.get(name, pl.lit(None, pl.Float64)) for name in ("value", "value2")}
    return frame.select(
        course=pl.col("course"),
        minute=minute_of(at),
        rank=pl.lit(state.RANKS[kind], pl.Int32),
        kind=pl.lit(kind, pl.Int32),
        **{name: expr.cast(pl.Int32) for name, expr in numbers.items()},
        read=minute_of(at if read is None else read),
        **{name: expr.cast(pl.Float64).fill_null(float("nan")) for name, expr in values.items()},
        stop=stop,
    )


def _acts(
    records: Records, courses: pl.DataFrame, parameters: Parameters
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Everything that is not a number read at an instant, sorted by course, minute and rank; and the course of each."""
    of = (
        courses.select("patient_id", "time_zero").with_row_index("course").with_columns(pl.col("course").cast(pl.Int32))
    )
    parts = [
        *_stay_acts(of.join(merged_stays(records.stays), on="patient_id")),
        *_drug_acts(_with_courses(records.drugs, of, _DRUG_COLUMNS), parameters),
        *_support_acts(_with_courses(records.supports, of, _SUPPORT_COLUMNS), parameters),
        *_assessment_acts(_with_courses(records.assessments, of, ("time", "item", "value")), parameters),
    ]
    acts = pl.concat(parts)
    always = (state.STAY_START, state.STAY_END)
    keep = (pl.col("minute") >= -int(parameters.lookback_h * 60)) | pl.col("kind").is_in(always)
    # one key: ties keep the order of the record tables (patient, start, row)
    place = pl.col("course").cast(pl.Int64) * 2**31 + pl.col("minute").cast(pl.Int64) + 2**30
    kept = acts if acts.select(keep.all()).item() else acts.filter(keep)
    made = np.zeros(kept.height, state.ACT)
    for name in _ACT_COLUMNS:
        made[name] = kept.get_column(name).to_numpy()
    # one key; ties keep the order of the record tables (patient, start, row); the parts are sorted, so this is a merge
    course = kept.get_column("course").to_numpy().astype(np.int64)
    place = (course * 2**31 + made["minute"] + 2**30) * 8 + made["rank"] // 2
    order = np.argsort(place, kind="stable")
    rows = made.view(np.uint8).reshape(made.size, state.ACT.itemsize)  # rows of bytes move faster than records
    return rows[order].reshape(-1).view(state.ACT), course[order]


_DRUG_COLUMNS = ("start", "stop", "drug", "mode", "order_id", "rate", "dose", "dose_unit", "source_row")
_SUPPORT_COLUMNS = ("start", "stop", "device", "flow_l_min", "fio2", "reason")


def _with_courses(table: pl.DataFrame, of: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows charted to the minute with `course`, `time_zero` and their `position`; a patient's rows once per course.

    Rows of a patient stand together in every record table, so the courses are looked up once per patient.
    """
    patients = table.get_column("patient_id").rle().struct.unnest().with_columns(pl.col("len").cast(pl.Int64))
    patients = patients.with_columns(end=pl.col("len").cum_sum())
    found = patients.join(of, left_on="value", right_on="patient_id", maintain_order="left")
    lengths = found.get_column("len").to_numpy()
    shifts = np.repeat(
        (found.get_column("end") - found.get_column("len")).to_numpy() - (np.cumsum(lengths) - lengths), lengths
    )
    rows = (np.arange(int(lengths.sum())) + shifts).astype(np.int32)
    which = np.repeat(np.arange(found.height, dtype=np.uint32), lengths)
    part = table.select("available_time", "precision", *columns)
    part = part if rows.size == table.height and found.height == patients.height else part[rows]
    part = part.with_columns(
        pl.Series("position", rows),
        found.get_column("course").gather(which),
        found.get_column("time_zero").gather(which),
    )
    minute = pl.col("precision") == "minute"
    return part if part.select(minute.all()).item() else part.filter(minute)


def merged_stays(stays: pl.DataFrame) -> pl.DataFrame:
    """Stays of a patient joined where they overlap or touch: patient_id, start, stop (null = open)."""
    far = pl.datetime(9999, 1, 1, time_unit="us", time_zone="UTC")
    rows = stays.select("patient_id", "start", stop=pl.col("stop").fill_null(far)).sort("patient_id", "start", "stop")
    reached = pl.col("stop").cum_max().shift(1).over("patient_id")
    rows = rows.with_columns(part=((pl.col("start") > reached).fill_null(True)).cum_sum().over("patient_id"))
    merged = rows.group_by("patient_id", "part", maintain_order=True).agg(pl.col("start").min(), pl.col("stop").max())
    return merged.select("patient_id", "start", stop=pl.when(pl.col("stop") < far).then("stop"))


def _stay_acts(stays: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        _act(stays, state.STAY_START, pl.col("start")),
        _act(stays.filter(pl.col("stop").is_not_null()), state.STAY_END, pl.col("stop")),
    ]


def _drug_acts(drugs: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    at, read = clock_column(parameters, "start"), pl.col("start")
    runs = pl.col("rate").is_null() | (pl.col("rate") > 0)
    names = pressor_names()
    spelled = pl.concat_str(pl.col("order_id").fill_null("-"), "drug", separator="|")
    orders = drugs.filter(pl.col("drug").is_in(names), pl.col("mode") == "infusion")
    orders = orders.with_columns(key=spelled.rank("dense").cast(pl.Int32))
    codes = pl.col("drug").replace_strict({n: k for k, n in enumerate(names)}, default=0, return_dtype=pl.Int32)
    key = pl.col("key")
    parts = [
        _act(
            orders.filter(runs),
            state.ORDER_RUNS,
            at,
            read,
            code=codes,
            key=key,
            flag=pl.lit(1),
            position=pl.col("position"),
            stop=pl.col("stop"),
        ),
        _act(
            orders.filter(~runs),
            state.ORDER_STOP,
            at,
            read,
            code=codes,
            key=key,
            flag=pl.lit(0),
            position=pl.col("position"),
        ),
    ]
    stops = orders.filter(runs & pl.col("stop").is_not_null())
    until = pl.max_horizontal("stop", at)
    parts.append(_act(stops, state.ORDER_STOP, until, code=codes, key=key, flag=pl.lit(1), position=pl.col("position")))
    groups = {name: MASKING_GROUPS[d.group] for name, d in vocabulary.drugs().items() if d.group in MASKING_GROUPS}
    masking = drugs.filter(pl.col("drug").is_in(list(groups)), (pl.col("mode") == "dose") | runs)
    group = pl.col("drug").replace_strict(groups, default=0, return_dtype=pl.Int32)
    parts.append(_act(masking, state.MASKING, at, read, code=group, position=pl.col("position")))
    given = administrations(drugs, "tocilizumab", parameters)
    parts.append(_act(given, state.TOCILIZUMAB, pl.col("at"), position=pl.col("position")))
    return parts


def administrations(drugs: pl.DataFrame, drug: str, parameters: Parameters) -> pl.DataFrame:
    """Doses of `drug` (rows joined with courses); rows less than an hour apart are one administration (split vials).

    One row each: the columns of its first row, `at`, `dose_sum` over its rows (null if any is null) and `rows`.
    """
    at = clock_column(parameters, "start")
    rows = drugs.filter((pl.col("drug") == drug) & ((pl.col("mode") == "dose") | (pl.col("rate") > 0)))
    rows = rows.with_columns(at=at).sort("course", "at", "source_row")
    apart = (pl.col("at") - pl.col("at").shift(1)).dt.total_minutes() >= MERGE_MINUTES
    rows = rows.with_columns(part=apart.fill_null(True).cum_sum().over("course"))
    total = pl.when(pl.col("dose").null_count() == 0).then(pl.col("dose").sum())
    first = [pl.col(c).first() for c in rows.columns if c not in ("course", "part")]
    return rows.group_by("course", "part", maintain_order=True).agg(*first, dose_sum=total, rows=pl.len())


def _support_acts(supports: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    at, read = clock_column(parameters, "start"), pl.col("start")
    names = {n: k for k, n in enumerate(vocabulary.devices())}
    device = _codes("device", list(names)).fill_null(names["unrecognised"]).cast(pl.Int32)
    excluded = pl.col("reason").is_in(EXCLUDED_REASONS).fill_null(False)
    if supports.get_column("reason").null_count() == supports.height:
        excluded = pl.lit(False)
    settings = {"value": pl.col("flow_l_min"), "value2": pl.col("fio2"), "position": pl.col("position")}
    charted = supports.filter(pl.col("device").is_not_null())
    stops = charted.filter(pl.col("stop").is_not_null())
    return [
        _act(
            charted,
            state.DEVICE,
            at,
            read,
            code=device,
            key=pl.col("position"),
            flag=excluded,
            stop=pl.col("stop"),
            **settings,
        ),
        _act(supports.filter(pl.col("device").is_null()), state.SETTINGS, at, read, **settings),
        _act(
            stops, state.DEVICE_STOP, pl.max_horizontal("stop", at), key=pl.col("position"), position=pl.col("position")
        ),
    ]


def _assessment_acts(assessments: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    at, read = clock_column(parameters, "time"), pl.col("time")
    parts: list[pl.DataFrame] = []
    for item, (slot, words) in _ASSESSED.items():
        rows = assessments.filter(pl.col("item") == item)
        value = pl.col("value").cast(pl.Float64, strict=False)
        if words:
            value = pl.col("value").replace_strict(
                {w: k for k, w in enumerate(words)}, default=None, return_dtype=pl.Float64
            )
        rows = rows.with_columns(number=value).filter(pl.col("number").is_not_null())
        parts.append(
            _act(rows, state.ASSESSED, at, read, code=pl.lit(slot), value=pl.col("number"), position=pl.col("position"))
        )
    for item, axis in _AXES.items():
        rows = assessments.filter(pl.col("item") == item)
        word = pl.col("value").replace_strict(
            {"no": state.NO, "yes": state.YES}, default=state.UNSURE, return_dtype=pl.Int32
        )
        parts.append(_act(rows, state.ATTRIBUTED, at, read, code=pl.lit(axis), flag=word, position=pl.col("position")))
    return parts
