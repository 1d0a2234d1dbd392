"""What `tocsin check` does: what was wrong with the records, how often signs are charted, which triggers show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tocsin.grading import Grading, grade, streams
from tocsin.outputs import csv_text, replace_file
from tocsin.prepare import Choices, Prepared, prepare
from tocsin.records import courses as courses_of
from tocsin.signs import Parameters, readings
from tocsin.signs.acts import merged_stays
from tocsin.strategies import STRATEGIES, first_due
from tocsin.tables import FINDINGS, Records
from tocsin.when import Strategy, When

WINDOW_DAYS = 30
VITALS = ("temperature", "systolic", "mean_pressure", "spo2")
SCORES = ("ice", "capd", "consciousness", "seizure", "motor_weakness", "oedema")
PLACES = ("icu", "ward")
_ANY_VALUE = -1000.0


@dataclass(frozen=True)
class CheckResult:
    """What was found. Frames are tidy and can be written as they are.

    `findings`, `account`: contracts. `codes`: code, files, count, effect, decide, what, done. `charting`: sign, place
    (all, icu, ward), readings, courses (with any), courses_percent, interval_median, q1, q3, p90 (minutes),
    known_percent of the stay-hours. `triggers`: strategy, courses, visible, visible_percent, fired. `patients`: all,
    without_vitals, without_course.
    """

    findings: pl.DataFrame
    codes: pl.DataFrame
    account: pl.DataFrame
    charting: pl.DataFrame
    triggers: pl.DataFrame
    patients: dict[str, int]

    @property
    def undecided(self) -> int:
        """Findings that a person must decide."""
        return int(self.findings.get_column("needs_decision").sum())


def prepared(choices: Choices) -> tuple[Prepared, dict[str, Strategy]]:
    """Records and courses as asked, and the strategies to look at: the shipped ones and those of a study.toml in DATA.

    That study also says what minute 0 is and how its records are read, where the command line does not.
    Raises TocsinError: those of `prepare`, and `study.*` where the study.toml is broken.
    """
    from tocsin.study_records import refuse_equal, time_column
    from tocsin.studyfile import STUDY, read_study

    if not (choices.data / STUDY).is_file():
        return prepare(choices), dict(STRATEGIES)
    file, where = read_study(choices.data)
    refuse_equal(file.strategies)
    data, cohort, asked = file.data, file.cohort, choices.time_zero
    site = choices.site or (where.parent / data.site if data.site else None)
    choices = replace(
        choices, site=site, zone=choices.zone or data.zone, format=choices.format or data.format,
        data=where.parent / data.path, time_zero=asked or "infusion",
    )  # fmt: skip
    ready = prepare(choices)
    if asked is None:
        given = time_column(choices.data, cohort.column, ready.records) if cohort.column else None
        fever = ready.parameters.fever
        frame, lost = courses_of(ready.records, cohort.time_zero, cohort.split_dose_days, fever, column_times=given)
        ready = replace(ready, courses=frame, attrition=lost, time_zero=cohort.time_zero)
    return ready, {**STRATEGIES, **file.strategies}


def check(
    records: Records, courses: pl.DataFrame, strategies: Mapping[str, Strategy], parameters: Parameters | None = None
) -> CheckResult:
    """Looks at records and courses; the grades it makes are for the triggers only."""
    parameters = parameters or Parameters()
    grading = grade(
        records, courses, ("astct_crs", *(name for rule in strategies.values() for name in rule.scales)), parameters
    )
    without = records.patients.join(_vitals(records), on="patient_id", how="anti").height
    no_course = records.patients.join(courses, on="patient_id", how="anti").height
    return CheckResult(
        records.findings,
        _codes(records.findings),
        records.account,
        charting(records, courses, grading),
        triggers(records, courses, strategies, grading),
        {"all": records.patients.height, "without_vitals": without, "without_course": no_course},
    )


def write_findings(result: CheckResult, path: Path) -> Path:
    """The findings as CSV. Raises TocsinError `outputs.*` where something else stands at `path`."""
    return replace_file(path, csv_text(result.findings), ",".join(FINDINGS.schema))


def _vitals(records: Records) -> pl.DataFrame:
    return records.measurements.filter(pl.col("variable").is_in(VITALS))


def _codes(findings: pl.DataFrame) -> pl.DataFrame:
    """One row a code: files, rows, and what was done, said once; those that need a decision first."""
    kinds = findings.group_by("code", maintain_order=True).agg(
        files=pl.col("source").n_unique(),
        count=pl.col("count").sum(),
        effect=pl.col("effect").unique(maintain_order=True).str.join(", "),
        decide=pl.col("needs_decision").any(),
        kinds=pl.col("what").n_unique(),
        what=pl.col("what").first(),
        done=pl.col("done").unique(maintain_order=True).str.join("; "),
    )
    more = (
        pl.when(pl.col("kinds") > 1).then(pl.format("{} (and {} alike)", "what", pl.col("kinds") - 1)).otherwise("what")
    )
    return kinds.with_columns(what=more).drop("kinds").sort("decide", "code", descending=[True, False])


# --- how often signs are charted --------------------------------------------------------------------------------------


def charting(records: Records, courses: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    """A row a sign and place; intervals are between two readings of one stay and belong to the place of the later."""
    known = _known_share(grading.signs.situations, records)
    parts = [
        _charted(name, rows, records, courses).with_columns(known_percent=pl.lit(known.get(name)))
        for name, rows in _readings(records).items()
    ]
    return pl.concat([pl.DataFrame(schema=_CHARTING), *(part.select(_typed()) for part in parts)])


_CHARTING: dict[str, type[pl.DataType]] = {
    "sign": pl.String, "place": pl.String, "readings": pl.Int64, "courses": pl.Int64, "courses_percent": pl.Float64,
    "interval_median": pl.Float64, "interval_q1": pl.Float64, "interval_q3": pl.Float64, "interval_p90": pl.Float64,
    "known_percent": pl.Float64,
}  # fmt: skip


def _typed() -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in _CHARTING.items()]


def _readings(records: Records) -> dict[str, pl.DataFrame]:
    """patient_id and time of every reading, by sign. A table that was not supplied gives no row."""
    of_minute = pl.col("precision") == "minute"
    measured, judged = records.measurements.filter(of_minute), records.assessments.filter(of_minute)
    found = {name: measured.filter(pl.col("variable") == name).select("patient_id", "time") for name in VITALS}
    devices = records.supports.filter(of_minute, pl.col("device").is_not_null())
    found["oxygen device"] = devices.select("patient_id", time="start")
    return found | {name: judged.filter(pl.col("item") == name).select("patient_id", "time") for name in SCORES}


def _charted(name: str, rows: pl.DataFrame, records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    inside = _in_courses(rows, courses)
    with_any = inside.get_column("course_id").n_unique()
    spaced = _in_stays(rows.unique(maintain_order=False), records).sort("patient_id", "time")
    gap = (pl.col("time") - pl.col("time").shift(1)).dt.total_seconds() / 60
    spaced = spaced.with_columns(interval=gap.over("patient_id", "stay")).with_columns(place=_place(spaced, records))
    share = 100 * with_any / courses.height if courses.height else None
    places = {"all": spaced, **{place: spaced.filter(pl.col("place") == place) for place in PLACES}}
    made = [
        {"sign": name, "place": place, "readings": frame.height, "courses": with_any if place == "all" else None,
         "courses_percent": share if place == "all" else None, **_quartiles(frame)}
        for place, frame in places.items() if place == "all" or frame.height
    ]  # fmt: skip
    kinds = {k: v for k, v in _CHARTING.items() if k != "known_percent"}
    return pl.DataFrame(made, schema=kinds)


def _quartiles(frame: pl.DataFrame) -> dict[str, float | None]:
    at = {"interval_median": 0.5, "interval_q1": 0.25, "interval_q3": 0.75, "interval_p90": 0.9}
    intervals = frame.get_column("interval")
    return {name: intervals.quantile(share, "linear") for name, share in at.items()}


def _in_courses(rows: pl.DataFrame, courses: pl.DataFrame) -> pl.DataFrame:
    of = courses.select("course_id", "patient_id", "time_zero", "ends")
    joined = rows.join(of, on="patient_id")
    return joined.filter(
        pl.col("time") >= pl.col("time_zero"), pl.col("ends").is_null() | (pl.col("time") < pl.col("ends"))
    )


def _in_stays(rows: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Readings inside a stay, with its number `stay`; without a stays table a patient is one stay."""
    if "stays" not in records.supplied:
        return rows.with_columns(stay=pl.lit(0))
    stays = merged_stays(records.stays).with_row_index("stay").select("patient_id", "stay", begin="start", until="stop")
    found = rows.sort("time").join_asof(
        stays.sort("begin"), left_on="time", right_on="begin", by="patient_id", check_sortedness=False
    )
    return found.filter(
        pl.col("until").is_null() | (pl.col("time") <= pl.col("until")), pl.col("stay").is_not_null()
    ).drop("begin", "until")


def _place(rows: pl.DataFrame, records: Records) -> pl.Series:
    """`icu`, `ward` or null: where the patient lay at each reading; intensive care wins where two rows overlap."""
    numbered = rows.with_row_index("n")
    where = pl.Series("place", [None] * rows.height, dtype=pl.String)
    for kind in reversed(PLACES):
        stays = merged_stays(records.stays.filter(pl.col("kind") == kind)).rename({"start": "begin", "stop": "until"})
        found = numbered.sort("time").join_asof(
            stays.sort("begin"), left_on="time", right_on="begin", by="patient_id", check_sortedness=False
        )
        inside = pl.col("begin").is_not_null() & (pl.col("until").is_null() | (pl.col("time") < pl.col("until")))
        here = found.sort("n").select(inside.fill_null(False).alias("inside")).to_series()
        where = pl.select(pl.when(pl.lit(here)).then(pl.lit(kind)).otherwise(pl.lit(where))).to_series()
    return where.alias("place")


_KNOWN = {
    "temperature": pl.col("fever").is_not_null(), "systolic": pl.col("hypotension").is_not_null(),
    "oxygen device": pl.col("oxygen") == pl.col("oxygen_at_most"),
    "vasopressors": pl.col("vasopressors") == pl.col("vasopressors_at_most"),
    **{name: pl.col(name).is_not_null() for name in SCORES},
}  # fmt: skip


def _known_share(situations: pl.DataFrame, records: Records) -> dict[str, float | None]:
    """Percent of the covered hours of all courses in which what a sign says is known; open ends add no hours."""
    closed = situations.filter("covered", pl.col("to").is_not_null()).with_columns(
        hours=(pl.col("to") - pl.col("from")) / 60
    )
    total = float(closed.get_column("hours").sum())
    if not total:
        return dict.fromkeys(_KNOWN, None)
    return {
        name: 100 * float(closed.filter(known.fill_null(False)).get_column("hours").sum()) / total
        for name, known in _KNOWN.items()
    }


# --- which triggers can be seen ---------------------------------------------------------------------------------------


def triggers(
    records: Records, courses: pl.DataFrame, strategies: Mapping[str, Strategy], grading: Grading
) -> pl.DataFrame:
    """In how many courses a trigger can be seen at all within 30 days, and in how many it fired."""
    ids, rows = courses.get_column("course_id"), list[dict[str, object]]()
    for name, strategy in strategies.items():
        whole = streams(strategy, records, courses, grading)
        seen = _within(
            first_due(_blind(strategy.when), _blind_streams(strategy.when, whole, records, courses, grading), ids)
        )
        fired = _within(first_due(strategy.when, whole, ids))
        share = 100 * seen / len(ids) if len(ids) else None
        rows.append({"strategy": name, "courses": len(ids), "visible": seen, "visible_percent": share, "fired": fired})
    kinds = {
        "strategy": pl.String,
        "courses": pl.Int64,
        "visible": pl.Int64,
        "visible_percent": pl.Float64,
        "fired": pl.Int64,
    }
    return pl.DataFrame(rows, schema=kinds)


def _within(due: pl.DataFrame) -> int:
    return due.filter(pl.col("due_known_at") < WINDOW_DAYS * 1440).height


def _blind(when: When) -> When:
    """The rule with every edge taken away: it fires where the readings would let it, whatever their values.

    A grade is seen where it is known on which side of the edge it lies; the streams say so (`_blind_streams`).
    """
    if when.all or when.any:
        parts = tuple(_blind(part) for part in (when.all or when.any or ()))
        return when.model_copy(update={"all" if when.all else "any": parts})
    if when.not_ is not None:
        return _blind(when.not_)
    if when.day is not None:
        return when
    if when.onset_within is not None:
        return When.model_validate({"sign": "temperature", "at_least": _ANY_VALUE})
    edges = dict.fromkeys(("at_least", "above", "at_most", "below", "dip_to"), None)
    return when.model_copy(update={**edges, "at_least": _ANY_VALUE})


def _blind_streams(
    when: When, whole: Mapping[str, pl.DataFrame], records: Records, courses: pl.DataFrame, grading: Grading
) -> dict[str, pl.DataFrame]:
    made = dict(whole)
    for part in when.parts():
        if part.onset_within is not None:
            made["temperature"] = readings(records, courses, "temperature", grading.parameters)
        if part.grade_of is not None:
            made[part.grade_of] = _decided(part, grading)
    return made


def _decided(part: When, grading: Grading) -> pl.DataFrame:
    """Runs in which it is known whether the grade lies past the edge: both bounds lie on one side."""
    how, edge = part.edge
    runs = grading.grades.filter(
        pl.col("scale") == part.grade_of, _past("grade", how, edge) == _past("grade_at_most", how, edge)
    )
    return runs.select("course_id", minute="from", read="from", value=pl.col("grade").cast(pl.Float64))


def _past(column: str, how: str, edge: float) -> pl.Expr:
    value = pl.col(column)
    return {"at_least": value >= edge, "above": value > edge, "at_most": value <= edge, "below": value < edge}[how]
