"""What is no number read at an instant, as acts: stays, orders, devices, doses, judgements, organ grades."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tocsin import ctcae, vocabulary
from tocsin.signs import state
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_ASSESSED = {
    "ice": (state.ICE, None),
    "capd": (state.CAPD, None),
    "consciousness": (state.CONSCIOUSNESS, state.CONSCIOUSNESS_WORDS),
    "seizure": (state.SEIZURE, state.SEIZURE_WORDS),
    "motor_weakness": (state.MOTOR, state.MOTOR_WORDS),
    "oedema": (state.OEDEMA, state.OEDEMA_WORDS),
}
_ASSESSED_WIDE = {
    "cartox10": (state.CARTOX10, None),
    "papilloedema": (state.PAPILLOEDEMA, state.PAPILLOEDEMA_WORDS),
    "crs_care": (state.CARE, state.CARE_WORDS),
}
_CHARTED_GRADES = {
    "ctcae_creatinine": state.CTCAE_CREATININE, "ctcae_transaminase": state.CTCAE_TRANSAMINASE,
    "ctcae_organ": state.CTCAE_ORGAN, "dialysis": state.CTCAE_CREATININE,
}  # fmt: skip
LABS = {
    "creatinine": state.CREATININE, "bilirubin": state.BILIRUBIN, "ast": state.AST, "alt": state.ALT,
    "fibrinogen": state.FIBRINOGEN,
}  # fmt: skip
_AXES = {
    "attribution_fever": 0, "attribution_hypotension": 1, "attribution_oxygen": 2, "attribution_neurotoxicity": 3,
    "attribution_organ": 4,
}  # fmt: skip
LYMPHODEPLETION = ("cyclophosphamide", "fludarabine", "bendamustine")
EXCLUDED_REASONS = ("airway_protection", "known_sleep_apnoea", "procedure")
MASKING_GROUPS = {"antipyretic": 1, "steroid": 2, "anticytokine": 3}
MERGE_MINUTES = 60


def clock_column(parameters: Parameters, instant: str) -> pl.Expr:
    """The instant a record counts from."""
    return pl.col("available_time") if parameters.clock == "available" else pl.col(instant)


def minute_of(instant: pl.Expr) -> pl.Expr:
    """Minute since the course's `time_zero`, floor, also below zero."""
    return ((instant - pl.col("time_zero")).dt.total_microseconds() // 60_000_000).cast(pl.Int32)


def codes(column: str, words: list[str]) -> pl.Expr:
    """Place of each word in `words`, null for any other; twice as fast as a replacement."""
    return pl.col(column).cast(pl.Enum(words), strict=False).to_physical()


def pressor_names() -> tuple[str, ...]:
    """Counted vasopressors in the order of their codes."""
    return tuple(name for name, drug in vocabulary.drugs().items() if drug.counts_as_vasopressor)


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


def acts(
    records: Records, courses: pl.DataFrame, parameters: Parameters, readings: pl.DataFrame, wide: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Everything that is not a number read at an instant, sorted by course, minute and rank; and the course of each."""
    of = courses.select("patient_id", "time_zero", "weight_kg", "age_y").with_row_index("course")
    of = of.with_columns(pl.col("course").cast(pl.Int32))
    drugs = _with_courses(records.drugs, of, _DRUG_COLUMNS)
    parts = [
        *_stay_acts(of.join(merged_stays(records.stays), on="patient_id")),
        *_drug_acts(drugs, parameters),
        *_support_acts(_with_courses(records.supports, of, _SUPPORT_COLUMNS), parameters),
        *_assessment_acts(_with_courses(records.assessments, of, ("time", "item", "value")), parameters, wide),
    ]
    parts.append(_doubt_acts(records, courses, parameters))
    if wide:
        parts += _wide_drug_acts(drugs, parameters)
        labs = readings.with_row_index("row").filter(pl.col("variable").is_in(LABS))
        labs = _with_courses(labs, of, ("time", "variable", "value", "row")).with_columns(position=pl.col("row"))
        parts += _lab_acts(labs, drugs, parameters)
    found = pl.concat(parts)
    always = (state.STAY_START, state.STAY_END)
    keep = (pl.col("minute") >= -int(parameters.lookback_h * 60)) | pl.col("kind").is_in(always)
    # one key: ties keep the order of the record tables (patient, start, row)
    place = pl.col("course").cast(pl.Int64) * 2**31 + pl.col("minute").cast(pl.Int64) + 2**30
    kept = found if found.select(keep.all()).item() else found.filter(keep)
    made = np.zeros(kept.height, state.ACT)
    for name in _ACT_COLUMNS:
        made[name] = kept.get_column(name).to_numpy()
    # one key; ties keep the order of the record tables (patient, start, row); the parts are sorted, so this is a merge
    course = kept.get_column("course").to_numpy().astype(np.int64)
    place = (course * 2**31 + made["minute"] + 2**30) * 8 + made["rank"] // 2
    order = np.argsort(place, kind="stable")
    rows = made.view(np.uint8).reshape(made.size, state.ACT.itemsize)  # rows of bytes move faster than records
    return rows[order].reshape(-1).view(state.ACT), course[order]


_DRUG_COLUMNS = ("start", "stop", "drug", "mode", "order_id", "rate", "rate_unit", "dose", "dose_unit", "source_row")
_SUPPORT_COLUMNS = ("start", "stop", "device", "flow_l_min", "fio2", "reason")


def _with_courses(table: pl.DataFrame, of: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows charted to the minute with their course's columns of `of` and their `position`; once per course.

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
        *(found.get_column(name).gather(which) for name in ("course", "time_zero", "weight_kg", "age_y")),
    )
    minute = pl.col("precision") == "minute"
    return part if part.select(minute.all()).item() else part.filter(minute)


def charted_to_the_day(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Rows charted to the day: course_id, minute (when they became known), of (drugs, care or supports).

    Such a row decides no minute, so from when it is known nothing of its kind is excluded at any minute.
    """
    drugs = vocabulary.drugs().values()
    watched = [drug.name for drug in drugs if drug.counts_as_vasopressor or drug.group in MASKING_GROUPS]
    kinds = (
        (records.drugs, pl.col("drug").is_in(watched), state.OF_DRUGS),
        (records.drugs, pl.col("drug").is_in([*group("fluid"), *group("coagulation")]), state.OF_CARE),
        (records.supports, pl.lit(True), state.OF_SUPPORTS),
    )
    of = courses.select("course_id", "patient_id", "time_zero")
    minute = minute_of(clock_column(parameters, "start"))
    parts = [
        table.filter((pl.col("precision") == "day") & which)
        .join(of, on="patient_id")
        .select("course_id", minute=minute, of=pl.lit(kind, pl.Int32))
        for table, which, kind in kinds
    ]
    return pl.concat(parts)


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
    rate, rate_kg = _rates()
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
            value=rate,
            value2=rate_kg,
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


def _rates() -> tuple[pl.Expr, pl.Expr]:
    """Rate in ug/min (U/min as charted) and in ug/kg/min, by the course's weight; null where it cannot be said."""
    rate, unit, kg = pl.col("rate"), pl.col("rate_unit"), pl.col("weight_kg")
    hourly = rate * 1000 / 60
    plain = pl.when(unit.is_in(["ug/min", "U/min"])).then(rate).when(unit == "mg/h").then(hourly)
    by_weight = pl.when(unit == "ug/kg/min").then(rate)
    return plain.when(unit == "ug/kg/min").then(rate * kg), by_weight.when(unit == "ug/min").then(rate / kg).when(
        unit == "mg/h"
    ).then(hourly / kg)


def _wide_drug_acts(drugs: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    """Fluid boluses (flag 1 sure, 0 perhaps) and coagulation products."""
    at, read = clock_column(parameters, "start"), pl.col("start")
    fluids = drugs.filter(pl.col("drug").is_in(group("fluid")), pl.col("mode") == "dose")
    least = pl.min_horizontal(pl.lit(parameters.bolus_ml), parameters.bolus_ml_per_kg * pl.col("weight_kg"))
    measured = (pl.col("dose_unit") == "mL") & pl.col("dose").is_not_null()
    fluids = fluids.with_columns(sure=measured.fill_null(False)).filter(~pl.col("sure") | (pl.col("dose") >= least))
    runs = (pl.col("mode") == "dose") | pl.col("rate").is_null() | (pl.col("rate") > 0)
    products = drugs.filter(pl.col("drug").is_in(group("coagulation")) & runs)
    place = pl.col("position")
    return [
        _act(fluids, state.FLUID, at, read, flag=pl.col("sure"), position=place),
        _act(products, state.PRODUCT, at, read, position=place),
    ]


def _doubt_acts(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Rows charted to the day that become known from minute 0 on; those known before are facts of the course."""
    later = charted_to_the_day(records, courses, parameters).filter(pl.col("minute") >= 0)
    places = courses.select("course_id", "time_zero").with_row_index("course")
    later = later.join(places.with_columns(pl.col("course").cast(pl.Int32)), on="course_id")
    later = later.sort("course", "minute", "of")
    return _act(later, state.DOUBT, pl.col("time_zero") + pl.duration(minutes=pl.col("minute")), code=pl.col("of"))


def group(name: str) -> list[str]:
    """Drugs of a group."""
    return [drug.name for drug in vocabulary.drugs().values() if drug.group == name]


def _lab_acts(rows: pl.DataFrame, drugs: pl.DataFrame, parameters: Parameters) -> list[pl.DataFrame]:
    """Organ labs as CTCAE v4.03 bounds, low * 8 + high."""
    p, at = parameters, clock_column(parameters, "time")
    of = rows.join(_baselines(rows, drugs, p), on=["course", "variable"], how="left", maintain_order="left")
    parts: list[pl.DataFrame] = []
    for name, slot in LABS.items():
        value, own = pl.col("value"), pl.col("baseline")
        if name == "fibrinogen":
            stand_in, low_limit, high_limit = value, pl.lit(p.lln_fibrinogen), None
        else:
            low_limit, high_limit = None, pl.lit(getattr(p, f"uln_{name}"))
            if name == "creatinine":
                high_limit = pl.when(pl.col("age_y") >= p.adult_from_y).then(high_limit)
            stand_in = high_limit
        baseline = own.fill_null(stand_in) if p.baseline_missing == "limit" else own
        graded = of.filter(pl.col("variable") == name)
        low, high = ctcae.bounds(name, "v4.03", value, low_limit=low_limit, high_limit=high_limit, baseline=baseline)
        graded = graded.with_columns(low=low).with_columns(high=high)
        pair = pl.col("low") * 8 + pl.col("high")
        if name == "creatinine":  # within the limits a rise above the own baseline of less than half is no grade here
            within = (value <= p.uln_creatinine) & (pl.col("high") <= 1)
            unproved = (pl.col("age_y") >= p.adult_from_y).fill_null(False).not_() & (pl.col("low") == 1)
            pair = pl.when(within).then(pl.lit(0)).when(unproved).then(pl.col("high")).otherwise(pair)
        parts.append(_act(graded, state.ASSESSED, at, pl.col("time"), code=pl.lit(slot), value=pair,
                          position=pl.col("position")))  # fmt: skip
    return parts


def _baselines(rows: pl.DataFrame, drugs: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """course, variable, baseline: the last reading before lymphodepletion or, failing that, before minute 0."""
    start = minute_of(clock_column(parameters, "start"))
    depleted = drugs.filter(pl.col("drug").is_in(LYMPHODEPLETION), start < 0)
    depleted = depleted.filter(start >= -int(parameters.lymphodepletion_days * 1440))
    first = depleted.group_by("course").agg(depleted=pl.col("start").min())
    before = rows.with_columns(minute=minute_of(pl.col("time"))).filter(
        pl.col("minute") >= -int(parameters.baseline_days * 1440), minute_of(clock_column(parameters, "time")) < 0
    )
    before = before.join(first, on="course", how="left", maintain_order="left")
    early = (pl.col("time") < pl.col("depleted")).fill_null(False)
    worse = pl.when(pl.col("variable") == "fibrinogen").then(-pl.col("value")).otherwise("value")
    last = before.with_columns(early=early, worse=worse).sort("early", "time", -pl.col("worse"))
    return last.group_by("course", "variable").agg(baseline=pl.col("value").last())


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
    device = codes("device", list(names)).fill_null(names["unrecognised"]).cast(pl.Int32)
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


def _assessment_acts(assessments: pl.DataFrame, parameters: Parameters, wide: bool) -> list[pl.DataFrame]:
    at, read = clock_column(parameters, "time"), pl.col("time")
    parts: list[pl.DataFrame] = []
    asked = _ASSESSED | (_ASSESSED_WIDE if wide else {})
    for item, (slot, words) in asked.items():
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
    for item, slot in _CHARTED_GRADES.items() if wide else ():
        grade = pl.col("value").cast(pl.Int32, strict=False)
        if item == "dialysis":
            grade = pl.when(pl.col("value") == "yes").then(4)
        rows = assessments.filter(pl.col("item") == item).with_columns(grade=grade).drop_nulls("grade")
        pair = pl.col("grade") * 9  # low * 8 + high with low = high
        parts.append(_act(rows, state.ASSESSED, at, read, code=pl.lit(slot), value=pair, position=pl.col("position")))
    for item, axis in _AXES.items():
        rows = assessments.filter(pl.col("item") == item)
        word = pl.col("value").replace_strict(
            {"no": state.NO, "yes": state.YES}, default=state.UNSURE, return_dtype=pl.Int32
        )
        parts.append(_act(rows, state.ATTRIBUTED, at, read, code=pl.lit(axis), flag=word, position=pl.col("position")))
    return parts
