"""Who is in the trial: time zero, eligibility, when each arm's drug is due, the first dose, and how long each is seen.

All minutes of `people` count from the course's own minute 0; `hours` turns them into steps since time zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tocsin.emulate.trial import Trial
from tocsin.grading import Grading, deaths_due_to, grade
from tocsin.records import courses
from tocsin.sentences import drug_words, scale_words
from tocsin.signs import Parameters, doses
from tocsin.signs.acts import clock_column, merged_stays, minute_of
from tocsin.strategies.trigger import first_due
from tocsin.streams import named_streams
from tocsin.tables import Records
from tocsin.tables.emulation import FLOW
from tocsin.when import When

Said = tuple[str, str]


@dataclass(frozen=True)
class Ward:
    """Records, courses and grades behind a trial; `streams` keeps what triggers and covariates read over time."""

    trial: Trial
    records: Records
    courses: pl.DataFrame
    attrition: pl.DataFrame
    grading: Grading
    given: pl.DataFrame | None
    streams: dict[str, pl.DataFrame]

    @property
    def parameters(self) -> Parameters:
        """The parameters the signs were made with."""
        return self.grading.parameters

    def stream(self, name: str) -> pl.DataFrame:
        """A stream by name, worked out once."""
        if name not in self.streams:
            self.streams.update(named_streams((name,), self.records, self.courses, self.grading))
        return self.streams[name]

    def under(self, trial: Trial) -> Ward:
        """The same ward with another trial."""
        return replace(self, trial=trial)


def ward_of(
    trial: Trial, records: Records, given: pl.DataFrame | None = None, parameters: Parameters | None = None
) -> Ward:
    """Courses and grades of records already read; `given` holds time zero where the file wants a column."""
    parameters, cohort = parameters or trial.file.sign_parameters(), trial.file.cohort
    frame, lost = courses(records, cohort.time_zero, cohort.split_dose_days, parameters.fever, column_times=given)
    return Ward(trial, records, frame, lost, grade(records, frame, trial.scales, parameters), given, {})


def due_known(ward: Ward, when: When) -> pl.DataFrame:
    """course_id, minute at which a trigger first holds, in the order of the courses; null where it never does."""
    streams = {name: ward.stream(name) for name in when.streams()}
    found = first_due(when, streams, ward.courses.get_column("course_id"))
    return found.select("course_id", minute=pl.col("due_known_at").cast(pl.Int32))


def everyone(ward: Ward) -> pl.DataFrame:
    """One row a course with what eligibility looks at.

    zero (null: the trigger never held), given (first dose to the minute), vague (a dose charted to the day only may be
    the first), grade and grade_at_most at zero, onset, number (1: the patient's first course), seen_from and seen_to
    (the hospital stay that holds zero), contact (last known alive), dies, cause (crs, other, unknown), due_<k> per arm:
    first minute the arm's trigger held, up to and with the first dose.
    """
    trial = ward.trial
    rows = ward.courses.select(
        "course_id", "patient_id", "time_zero", "ends", "age_y",
        number=pl.int_range(1, pl.len() + 1).over("patient_id", order_by="time_zero"),
    )  # fmt: skip
    drug = doses(ward.records, ward.courses, trial.drug, ward.parameters)
    parts = [
        due_known(ward, trial.clock).rename({"minute": "zero"}),
        drug.group_by("course_id").agg(given=pl.col("minute").min()),
        *(due_known(ward, rule.when).rename({"minute": f"due_{k}"}) for k, rule in enumerate(trial.arms.values())),
        _onsets(ward), deaths(ward), _contacts(ward), _last_readings(ward), _day_doses(ward),
    ]  # fmt: skip
    for part in parts:
        rows = rows.join(part, on="course_id", how="left", maintain_order="left")
    rows = _stays(ward, _graded(ward, rows))
    later = [pl.when(pl.col(f"due_{k}") <= pl.col("given").fill_null(2**30)).then(f"due_{k}").alias(f"due_{k}")
             for k in range(len(trial.arms))]  # fmt: skip
    vague = pl.col("day_dose").is_not_null() & (pl.col("given").is_null() | (pl.col("day_dose") <= pl.col("given")))
    return rows.with_columns(*later, vague=vague).drop("day_dose").sort("course_id")


def _onsets(ward: Ward) -> pl.DataFrame:
    opened = ward.grading.signs.episodes.filter(pl.col("episode") == 1)
    return opened.select("course_id", onset=pl.col("onset").cast(pl.Int32))


def _of(ward: Ward) -> pl.DataFrame:
    return ward.courses.select("patient_id", "course_id", "time_zero", "ends")


def deaths(ward: Ward) -> pl.DataFrame:
    """course_id, dies, cause. A death known to the day is not before the day's last reading."""
    minutes = deaths_due_to(ward.records, ward.courses, "crs", ward.grading.signs.episodes)
    rows = ward.records.outcomes.filter(pl.col("what") == "death").join(_of(ward), on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (pl.col("time") < pl.col("ends"))).sort("course_id", "time")
    first = rows.unique("course_id", keep="first", maintain_order=True)
    judged = pl.col("adjudicated_by").is_not_null()
    cause = pl.when(pl.col("value").is_null() | ((pl.col("value") == "crs") & ~judged)).then(pl.lit("unknown"))
    cause = cause.when(pl.col("value") == "crs").then(pl.lit("crs")).otherwise(pl.lit("other"))
    first = first.select("course_id", "precision", cause=cause)
    made = minutes.join(first, on="course_id").join(_last_readings(ward), on="course_id", how="left")
    whole = (pl.col("precision") == "day") & ((pl.col("read_to") - pl.col("minute")).is_between(0, 720))
    dies = pl.when(whole.fill_null(False)).then("read_to").otherwise("minute")
    return made.select("course_id", "cause", dies=dies.cast(pl.Int32))


def _contacts(ward: Ward) -> pl.DataFrame:
    """course_id, contact: the last minute at which an outcome row shows the patient alive."""
    rows = ward.records.outcomes.filter(pl.col("what") != "death").join(_of(ward), on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (pl.col("time") < pl.col("ends")))
    return rows.group_by("course_id").agg(contact=minute_of(pl.col("time")).max())


def _last_readings(ward: Ward) -> pl.DataFrame:
    """course_id, read_to: the last minute anything was measured."""
    at = clock_column(ward.parameters, "time")
    rows = ward.records.measurements.filter(pl.col("precision") == "minute").join(_of(ward), on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (at < pl.col("ends")))
    return rows.group_by("course_id").agg(read_to=minute_of(at).max())


def _day_doses(ward: Ward) -> pl.DataFrame:
    """course_id, day_dose: first minute of the first local day with a dose charted to the day only."""
    zone = ward.records.zone
    rows = ward.records.drugs.filter((pl.col("drug") == ward.trial.drug) & (pl.col("precision") == "day"))
    rows = rows.join(_of(ward), on="patient_id").filter(pl.col("ends").is_null() | (pl.col("start") < pl.col("ends")))
    begins = pl.col("start").dt.convert_time_zone(zone).dt.truncate("1d").dt.convert_time_zone("UTC")
    rows = rows.with_columns(day_dose=minute_of(begins)).filter(pl.col("day_dose") > -1440)
    return rows.group_by("course_id").agg(pl.col("day_dose").min())


def _graded(ward: Ward, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds grade and grade_at_most on the cohort's scale at zero; null where nothing is known there."""
    runs = ward.grading.grades.filter(pl.col("scale") == ward.trial.scale)
    at = rows.filter(pl.col("zero").is_not_null()).select("course_id", "zero").join(runs, on="course_id")
    at = at.filter(pl.col("from") <= pl.col("zero"), pl.col("to").fill_null(2**30) > pl.col("zero"))
    at = at.select("course_id", "grade", "grade_at_most")
    return rows.join(at, on="course_id", how="left", maintain_order="left")


def _stays(ward: Ward, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds seen_from and seen_to: the stay that holds zero, an open one up to the last reading; null outside a stay.

    left: the stay has ended, by discharge or death.

    Without a table of stays a course is seen up to its last reading.
    """
    if "stays" not in ward.records.supplied:
        whole = pl.when(pl.col("zero").is_not_null())
        return rows.with_columns(
            seen_from=whole.then(pl.lit(-(2**30), pl.Int32)), seen_to=whole.then("read_to"), left=pl.lit(False)
        )
    stays = merged_stays(ward.records.stays).join(_of(ward), on="patient_id")
    stays = stays.select("course_id", seen_from=minute_of(pl.col("start")), stop=minute_of(pl.col("stop")))
    held = rows.filter(pl.col("zero").is_not_null()).select("course_id", "zero", "read_to", "ends", "time_zero")
    held = held.join(stays, on="course_id")
    held = held.filter(pl.col("seen_from") <= pl.col("zero"), pl.col("stop").fill_null(2**30) > pl.col("zero"))
    seen_to = pl.min_horizontal(pl.col("stop").fill_null(pl.col("read_to")), minute_of(pl.col("ends")))
    left = pl.col("stop").is_not_null() & (pl.col("stop") == seen_to)
    held = held.select("course_id", "seen_from", seen_to=seen_to, left=left).unique("course_id", keep="first")
    return rows.join(held, on="course_id", how="left", maintain_order="left")


# --- eligibility ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enrolled:
    """Courses in the trial and how the others left. `doubtful`: grade at time zero not proved below the limit."""

    people: pl.DataFrame
    flow: pl.DataFrame
    doubtful: int


def enrol(ward: Ward) -> Enrolled:
    """Applies the protocol's eligibility at time zero, step by step."""
    rows, flow = everyone(ward), [_first_step(ward)]
    for name, keep, why in _steps(ward):
        kept = rows.filter(keep.fill_null(False))
        left = rows.height - kept.height
        said = tuple(one.format(n=f"{left:,}") if left else nobody for one, nobody in zip(why, _NOBODY, strict=True))
        flow.append(flow_row(None, name, rows.height, kept.height, (said[0], said[1])))
        rows = kept
    limit = ward.trial.protocol.eligibility.grade_below
    doubtful = rows.filter(pl.col("grade_at_most") >= limit).height if limit < 6 else 0
    if doubtful:
        said = (f"{doubtful:,} stay although grade {limit} or more at time zero cannot be excluded",
                f"{doubtful:,} 个疗程时间零点不能排除 {limit} 级及以上，仍保留")  # fmt: skip
        flow.append(flow_row(None, ("grade not proved lower", "分级未能证实更低"), rows.height, rows.height, said))
    return Enrolled(rows.with_row_index("who").with_columns(pl.col("who").cast(pl.Int32)), FLOW.frame(flow), doubtful)


_NOBODY = ("nobody leaves", "无人离开")


def flow_row(outcome: str | None, step: Said, before: int, after: int, why: Said) -> dict[str, Any]:
    """One row of the flow."""
    return {
        "outcome": outcome, "step": step[0], "step_zh": step[1], "courses_in": before, "courses_out": after,
        "why": why[0], "why_zh": why[1],
    }  # fmt: skip


def _first_step(ward: Ward) -> dict[str, Any]:
    n = ward.courses.height
    patients = ward.courses.get_column("patient_id").n_unique()
    lost = "; ".join(row["why"] for row in ward.attrition.to_dicts() if row["courses_in"] != row["courses_out"])
    said = (f"{patients:,} patients{f'; {lost}' if lost else ''}", f"{patients:,} 名患者{f'；{lost}' if lost else ''}")
    return flow_row(None, ("courses in the records", "记录中的疗程"), n, n, said)


def _steps(ward: Ward) -> Iterator[tuple[Said, pl.Expr, Said]]:
    """(step, who stays, why others leave with {n}) in order."""
    trial, e = ward.trial, ward.trial.protocol.eligibility
    drug, drug_zh = drug_words(trial.drug), drug_words(trial.drug, "zh")
    zero, given = pl.col("zero"), pl.col("given")
    if "drugs" not in ward.records.supplied:
        yield (("a table of drugs", "有用药表"), pl.lit(False),
               (f"{{n}}: without it nobody knows who was given {drug}",
                f"{{n}} 个：没有用药表，无法知道谁用了{drug_zh}"))  # fmt: skip
    yield (("the trigger held at some time", "触发条件曾成立"), zero.is_not_null(),
           (f"{{n}} in which it never held: {trial.clock.sentence()}",
            f"{{n}} 个疗程从未成立：{trial.clock.sentence('zh')}"))  # fmt: skip
    if e.first_course:
        yield (("first course of the patient", "患者首个疗程"), pl.col("number") == 1,
               ("{n} later courses of the same patients", "{n} 个为同一患者的后续疗程"))  # fmt: skip
    yield (("no dose before time zero", "时间零点前未用药"), given.is_null() | (given >= zero),
           (f"{{n}} were given {drug} before the trigger", f"{{n}} 个在触发前已用{drug_zh}"))  # fmt: skip
    yield (("every dose charted to the minute", "用药时间记录到分钟"), ~pl.col("vague"),
           (f"{{n}} have a dose of {drug} charted to the day only, which may be the first",
            f"{{n}} 个有仅记录到日的{drug_zh}，可能为首剂"))  # fmt: skip
    alive = pl.col("dies").is_null() | (pl.col("dies") > zero)
    inside = pl.col("seen_from").is_not_null() & (pl.col("seen_to") > zero)
    yield (("alive and in hospital at time zero", "时间零点存活且在院"), alive & inside,
           ("{n} dead, outside every stay, or without any later reading",
            "{n} 个已死亡、不在住院期或其后无任何测量"))  # fmt: skip
    if e.grade_below < 6:
        name = scale_words(trial.scale)
        yield ((f"proved {name} grade below {e.grade_below} at time zero",
                f"时间零点 {name} 证实分级低于 {e.grade_below}"),
               pl.col("grade").fill_null(0) < e.grade_below,
               (f"{{n}} had grade {e.grade_below} or more", f"{{n}} 个为 {e.grade_below} 级及以上"))  # fmt: skip
    yield from _age_steps(e.age_from, e.age_below)
    if e.episode_open:
        yield (("CRS has begun by time zero", "时间零点前 CRS 已起病"), pl.col("onset") <= zero,
               ("{n} without an episode by then", "{n} 个当时尚无 CRS"))  # fmt: skip


def _age_steps(low: float | None, high: float | None) -> Iterator[tuple[Said, pl.Expr, Said]]:
    age = pl.col("age_y")
    if low is not None:
        yield ((f"age at least {low:g}", f"年龄不小于 {low:g} 岁"), age >= low,
               ("{n} younger, or of unknown age", "{n} 个更小或年龄不明"))  # fmt: skip
    if high is not None:
        yield ((f"age below {high:g}", f"年龄小于 {high:g} 岁"), age < high,
               ("{n} older, or of unknown age", "{n} 个更大或年龄不明"))  # fmt: skip
