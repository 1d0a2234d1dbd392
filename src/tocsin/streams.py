"""What triggers look at over time, by name: readings, states by what is proved, events, grades, facts of the patient.

A stream is a frame course_id, minute (when it became known), read (when it was true), value (null = unknown), and for
readings valid (minutes). A state has a row at every change, from minute 0 on, and `at_most`, what cannot be excluded.
Outside every stay and after death both are null: nothing is known there, and nobody acts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from tocsin import vocabulary
from tocsin.errors import TocsinError
from tocsin.grades import SCALES, grade_runs
from tocsin.rules import Scale
from tocsin.signs import Parameters, doses, readings, run
from tocsin.signs.acts import clock_column, minute_of
from tocsin.tables import Records
from tocsin.when import Strategy

if TYPE_CHECKING:
    from tocsin.grading import Grading

#: A bolus is judged this long after its start: only then can it be said that it did not help [R].
BOLUS_JUDGED_MINUTES = 60
#: A creatinine ratio may be used this long after it was measured [R].
RATIO_VALID_MINUTES = 36 * 60
FACTS = {"age_y": "courses", "blasts_percent": "patients"}
_SITUATIONS = ("fever", "hypotension", "oxygen", "vasopressors")
#: What a number may be where nothing is known of it.
_ANY = 1e9


def scale_named(name: str) -> Scale:
    """The scale of that name. Raises TocsinError `grades.scale-unknown` with the names there are."""
    if name not in SCALES:
        raise TocsinError.of(
            "grades.scale-unknown", f'there is no scale "{name}".', "", f"Use one of: {', '.join(SCALES)}."
        )
    return SCALES[name]


def streams(strategy: Strategy, records: Records, courses: pl.DataFrame, grading: Grading) -> dict[str, pl.DataFrame]:
    """What the strategy's trigger needs over time, by name."""
    return named_streams(strategy.when.streams(), records, courses, grading)


def named_streams(
    names: Iterable[str], records: Records, courses: pl.DataFrame, grading: Grading
) -> dict[str, pl.DataFrame]:
    """Streams by name. Raises TocsinError `grades.scale-unknown`."""
    return {name: _stream(name, records, courses, grading) for name in names}


def _stream(name: str, records: Records, courses: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    parameters = grading.parameters
    if name in ("temperature", "systolic", "spo2"):
        return readings(records, courses, name, parameters)
    if name in _SITUATIONS:
        return _situation(name, grading)
    if name in FACTS:
        return _fact(name, records, courses)
    if name == "antipyretic":
        return _antipyretics(records, courses, parameters)
    if name == "fluid_bolus":
        return _fluid_boluses(records, courses, parameters)
    if name == "creatinine_ratio":
        return _creatinine_ratios(records, courses, parameters)
    if name == "tocilizumab":
        return _doses_so_far(records, courses, parameters)
    if name == "norepinephrine":
        return _norepinephrine(records, courses, parameters)
    if name == "fio2":
        return _fio2(records, courses, grading)
    if name == "onset":
        return _at(grading.signs.episodes.filter(pl.col("episode") == 1), pl.col("onset"), pl.col("onset"))
    return _grades(scale_named(name), records, courses, grading)


def _at(frame: pl.DataFrame, minute: pl.Expr, value: pl.Expr) -> pl.DataFrame:
    return frame.select("course_id", minute=minute, read=minute, value=value.cast(pl.Float64))


# --- what is proved over time -----------------------------------------------------------------------------------------


def _state(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs (course_id, from, to, value, at_most) as changes from minute 0 on, unknown where no run is."""
    runs = runs.filter(pl.col("to").is_null() | (pl.col("to") > 0)).sort("course_id", "from")
    runs = runs.with_columns(pl.max_horizontal("from", 0), pl.col("value", "at_most").cast(pl.Float64))
    gap = (pl.col("to") < pl.col("from").shift(-1).over("course_id")).fill_null(pl.col("to").is_not_null())
    nothing = pl.lit(None, pl.Float64)
    ended = runs.filter(gap).with_columns(pl.col("to").alias("from"), value=nothing, at_most=nothing)
    rows = pl.concat([runs, ended]).sort("course_id", "from")
    first = (pl.col("course_id") != pl.col("course_id").shift(1)).fill_null(True)
    known = pl.struct("value", "at_most")
    rows = rows.filter(first | known.ne_missing(known.shift(1)))
    return rows.select("course_id", minute="from", read="from", value="value", at_most="at_most")


def _situation(name: str, grading: Grading) -> pl.DataFrame:
    """A sign by what is proved: fever and hypotension 0 or 1, null unknown; oxygen and vasopressors by their class."""
    found = grading.signs.situations.filter("covered")
    value = pl.col(name).cast(pl.Float64)
    most = pl.col(f"{name}_at_most") if f"{name}_at_most" in found.columns else value.fill_null(1.0)
    return _state(found.select("course_id", "from", "to", value=value, at_most=most))


def _grades(scale: Scale, records: Records, courses: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    """Grades by what is proved; unknown from death on, because nobody is due for a drug then."""
    runs = grading.grades.filter(pl.col("scale") == scale.name)
    if runs.is_empty() and courses.height:  # a scale that was not asked for, perhaps of signs not worked out yet
        narrow = not set(scale.columns) <= set(grading.signs.codes.columns)
        signs = run(records, courses, grading.parameters, wide=True) if narrow else grading.signs
        runs = grade_runs(scale, signs.runs, signs.codes)
    alive = runs.filter(pl.col("grade") < 5)
    return _state(alive.select("course_id", "from", "to", value="grade", at_most="grade_at_most"))


# --- facts, drugs, oxygen, laboratory ---------------------------------------------------------------------------------


def _fact(name: str, records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """A number known from minute 0 on; where it is not recorded it may be any."""
    if FACTS[name] == "patients":
        courses = courses.join(records.patients.select("patient_id", name), on="patient_id", how="left")
    rows = _at(courses, pl.lit(0, pl.Int32), pl.col(name))
    return rows.with_columns(at_most=pl.col("value").fill_null(_ANY))


def _antipyretics(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    given = _given("antipyretic", records, courses, parameters)
    return _at(given.filter(pl.col("minute") >= -1440).sort("course_id", "minute"), pl.col("minute"), pl.lit(1.0))


def _fluid_boluses(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Single fluid doses of at least `bolus_ml` or `bolus_ml_per_kg` (the less), each at the minute it is judged."""
    p, enough = parameters, pl.col("weight_kg") * parameters.bolus_ml_per_kg
    given = _given("fluid", records, courses, p).filter(
        pl.col("mode") == "dose", pl.col("dose_unit") == "mL",
        pl.col("dose") >= pl.min_horizontal(pl.lit(p.bolus_ml), enough), pl.col("minute") >= 0,
    )  # fmt: skip
    return _at(given.sort("course_id", "minute"), pl.col("minute") + BOLUS_JUDGED_MINUTES, pl.lit(1.0))


def _given(group: str, records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Rows of the drugs of a group charted to the minute, with `minute`, up to the end of their course."""
    names = [name for name, drug in vocabulary.drugs().items() if drug.group == group]
    at = clock_column(parameters, "start")
    rows = records.drugs.filter(pl.col("drug").is_in(names), pl.col("precision") == "minute")
    rows = rows.join(courses.select("patient_id", "course_id", "time_zero", "ends", "weight_kg"), on="patient_id")
    return rows.filter(pl.col("ends").is_null() | (at < pl.col("ends"))).with_columns(minute=minute_of(at))


def _doses_so_far(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Administrations of tocilizumab since minute 0; that there were none is known only where there is a drug table."""
    given = doses(records, courses, "tocilizumab", parameters).sort("course_id", "minute")
    so_far = pl.int_range(1, pl.len() + 1).over("course_id").cast(pl.Float64)
    return _from_zero(given.select("course_id", "minute", value=so_far), records, courses)


def _from_zero(rows: pl.DataFrame, records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """Changes (course_id, minute, value), before them 0: known where there is a drug table; unknown may be any."""
    none = 0.0 if "drugs" in records.supplied else None
    first = courses.select("course_id", minute=pl.lit(0, pl.Int32), value=pl.lit(none, pl.Float64))
    every = pl.concat([first, rows]).unique(["course_id", "minute"], keep="last", maintain_order=True)
    made = _at(every.sort("course_id", "minute"), pl.col("minute"), pl.col("value"))
    return made.with_columns(at_most=pl.col("value").fill_null(_ANY))


def _norepinephrine(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """The rate of norepinephrine in µg/min, over its orders; null where a running order has no rate or no weight."""
    at = clock_column(parameters, "start")
    rows = records.drugs.filter(
        pl.col("drug") == "norepinephrine", pl.col("mode") == "infusion", pl.col("precision") == "minute"
    ).join(courses.select("patient_id", "course_id", "time_zero", "ends", "weight_kg"), on="patient_id")
    unit = pl.col("rate_unit")
    rate = pl.when(pl.col("rate") == 0).then(0.0).when(unit == "ug/min").then("rate")
    rate = rate.when(unit == "ug/kg/min").then(pl.col("rate") * pl.col("weight_kg"))
    rate = rate.when(unit == "mg/h").then(pl.col("rate") * 1000 / 60)
    order = pl.col("order_id").fill_null("-")
    started = rows.select("course_id", order=order, minute=minute_of(at), rate=rate.round(6), rank=pl.lit(1))
    stopped = rows.filter(pl.col("stop").is_not_null()).select(
        "course_id", order=order, minute=minute_of(pl.max_horizontal("stop", at)), rate=pl.lit(0.0), rank=pl.lit(0)
    )
    changes = pl.concat([started, stopped]).sort("course_id", "minute", "rank", maintain_order=True)
    return _from_zero(_summed(changes.drop("rank")), records, courses)


def _summed(changes: pl.DataFrame) -> pl.DataFrame:
    """Sum over the orders of a course after every change; unknown while one of them is."""
    rows, running = list[tuple[str, int, float | None]](), dict[str, float | None]()
    course = None
    for course_id, order, minute, rate in changes.iter_rows():
        if course_id != course:
            course, running = course_id, {}
        running[order] = rate
        known = [one for one in running.values() if one is not None]
        rows.append((course_id, max(minute, 0), sum(known) if len(known) == len(running) else None))
    schema = {"course_id": pl.String, "minute": pl.Int32, "value": pl.Float64}
    made = pl.DataFrame(rows, schema=schema, orient="row")
    return made.unique(["course_id", "minute"], keep="last", maintain_order=True)


def _fio2(records: Records, courses: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    """The charted oxygen fraction; a device without one makes it unknown, and so does its age (`device_valid_h`).

    Unknown it may be any where high flow or more cannot be excluded, else that of 6 L/min.
    """
    at, window = clock_column(grading.parameters, "start"), round(grading.parameters.device_valid_h * 60)
    rows = records.supports.filter(pl.col("precision") == "minute")
    rows = rows.join(courses.select("patient_id", "course_id", "time_zero", "ends"), on="patient_id")
    rows = rows.filter(pl.col("device").is_not_null() | pl.col("fio2").is_not_null())
    air = (pl.col("device") == "room_air").fill_null(False)
    stopped = pl.when(pl.col("stop").is_not_null()).then(minute_of(pl.max_horizontal("stop", at)))
    until = pl.min_horizontal(stopped, minute_of(at) + window)
    started = rows.select(
        "course_id", minute=minute_of(at), value=pl.when(air).then(0.21).otherwise("fio2"), until=until
    )
    started = started.sort("course_id", "minute", maintain_order=True)
    following = pl.col("minute").shift(-1).over("course_id")
    over = started.filter(following.is_null() | (pl.col("until") < following))
    ended = over.select("course_id", minute="until", value=pl.lit(None, pl.Float64))
    first = courses.select("course_id", minute=pl.lit(0, pl.Int32), value=pl.lit(None, pl.Float64))
    every = pl.concat([first, ended, started.drop("until")]).with_columns(pl.max_horizontal("minute", 0))
    every = every.sort("course_id", "minute", maintain_order=True)
    known = every.unique(["course_id", "minute"], keep="last", maintain_order=True).sort("minute")
    oxygen = _situation("oxygen", grading).sort("minute").select("course_id", "minute", most="at_most")
    moments = pl.concat([frame.select("course_id", "minute") for frame in (known, oxygen)]).unique().sort("minute")
    for frame in (known, oxygen):
        moments = moments.join_asof(frame, on="minute", by="course_id", check_sortedness=False)
    most = pl.when(pl.col("most") >= 2).then(1.0).otherwise(0.44)
    made = moments.with_columns(at_most=pl.coalesce("value", most), to=pl.lit(None, pl.Int32))
    return _state(made.select("course_id", pl.col("minute").alias("from"), "to", "value", "at_most"))


def _creatinine_ratios(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """New creatinine values over the last one before minute 0, at most `baseline_days` old; no row without one."""
    at = clock_column(parameters, "time")
    rows = records.measurements.filter(pl.col("variable") == "creatinine", pl.col("precision") == "minute")
    rows = rows.join(courses.select("patient_id", "course_id", "time_zero", "ends"), on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (at < pl.col("ends"))).with_columns(
        minute=minute_of(at), read=minute_of(pl.col("time"))
    )
    oldest = -round(parameters.baseline_days * 1440)
    before = rows.filter(pl.col("minute") < 0, pl.col("read") >= oldest).sort("course_id", "read", "value")
    base = before.group_by("course_id", maintain_order=True).agg(baseline=pl.col("value").last())
    later = rows.filter(pl.col("minute") >= 0, pl.col("read") >= 0).join(base, on="course_id")
    later = later.sort("course_id", "minute", "read", "value").unique(
        ["course_id", "minute"], keep="last", maintain_order=True
    )
    ratio = (pl.col("value") / pl.col("baseline")).round(6)
    return later.select("course_id", "minute", "read", value=ratio, valid=pl.lit(RATIO_VALID_MINUTES, pl.Int32))
