"""The contracts between the rooms: one object per table with names, types, units, words, nulls, ranges and key.

The check at each room's border, the docs page, the empty frame and the test generators all come from these objects.
Validate at borders always, inside never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tocsin.errors import Problem, TocsinError, rows_phrase

TIME = pl.Datetime("us", "UTC")
MINUTE = pl.Int32


@dataclass(frozen=True)
class Column:
    """One column. `null` says whether it may be empty; `low` and `high` are inclusive; `choices` closes the set."""

    name: str
    dtype: Any
    words: str
    unit: str = ""
    null: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A contract. `key` columns are unique together and sorted by in every valid frame of this table."""

    name: str
    words: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Column name to polars type, in order."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame without rows."""
        return pl.DataFrame(schema=self.schema)

    def frame(self, rows: list[dict[str, Any]] | pl.DataFrame | None = None) -> pl.DataFrame:
        """Rows or a frame brought into this shape: missing columns become null, order and types follow the contract.

        NaN becomes null (in polars `NaN >= 38.0` is true). Columns the contract does not know are dropped.
        """
        data = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows or [], infer_schema_length=None)
        have = set(data.columns)
        made = [(pl.col(c.name) if c.name in have else pl.lit(None)).cast(c.dtype).alias(c.name) for c in self.columns]
        out = data.select(made) if have else self.empty()
        floats = [c.name for c in self.columns if c.dtype == pl.Float64]
        return out.with_columns(pl.col(floats).fill_nan(None)) if floats else out

    def problems(self, frame: pl.DataFrame) -> list[Problem]:
        """Everything in `frame` that breaks the contract; the first row number counts from 1."""
        found: list[Problem] = []
        for column in self.columns:
            if column.name not in frame.columns:
                found.append(Problem("tables.column-missing", f'table {self.name}: column "{column.name}" is missing.'))
                continue
            if frame.schema[column.name] != column.dtype:
                found.append(
                    Problem(
                        "tables.type",
                        f'table {self.name}, column "{column.name}": type {frame.schema[column.name]}, '
                        f"expected {column.dtype}.",
                    )
                )
                continue
            found += self._value_problems(frame, column)
        if not found and self.key and frame.height and frame.select(self.key).is_duplicated().any():
            rows = frame.select(self.key).is_duplicated().arg_true()
            found.append(
                Problem("tables.key", f"table {self.name}: key {self.key} is not unique in {rows_phrase(len(rows))}.")
            )
        return found

    def _value_problems(self, frame: pl.DataFrame, column: Column) -> list[Problem]:
        value, bad = pl.col(column.name), pl.lit(False)
        if not column.null:
            bad = bad | value.is_null()
        if column.dtype == pl.Float64:
            bad = bad | value.is_nan().fill_null(False) | value.is_infinite().fill_null(False)
        if column.low is not None:
            bad = bad | (value < column.low).fill_null(False)
        if column.high is not None:
            bad = bad | (value > column.high).fill_null(False)
        if column.choices and column.dtype == pl.String:
            bad = bad | ~value.is_in(list(column.choices)).fill_null(True)
        rows = frame.select(bad.alias("bad")).get_column("bad").arg_true()
        if not len(rows):
            return []
        where = rows_phrase(len(rows), frame.height, int(rows[0]) + 1)
        return [Problem("tables.value", f'table {self.name}, column "{column.name}": {where} outside the contract.')]

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same frame, or TocsinError (`tables.*`) with every breach."""
        if problems := self.problems(frame):
            raise TocsinError(problems)
        return frame


def _c(name: str, dtype: Any, words: str, unit: str = "", **limits: Any) -> Column:
    return Column(name, dtype, words, unit, **limits)


def _n(name: str, dtype: Any, words: str, unit: str = "", **limits: Any) -> Column:
    return Column(name, dtype, words, unit, null=True, **limits)


S, F, I, B = pl.String, pl.Float64, pl.Int32, pl.Boolean
_ROW = (_c("source", S, "file the row came from"), _c("source_row", pl.Int64, "row in that file, from 1", low=1))
_CLOCK = (
    _c("available_time", TIME, "when the ward could know it; equal to time where the source has one clock"),
    _c("precision", S, "what the source resolves", choices=("minute", "day")),
)
_PATIENT = _c("patient_id", S, "patient as named in the records")

PATIENTS = Table(
    "patients",
    "one row a patient; facts with a time live in the other tables",
    (
        _PATIENT,
        _n("sex", S, "sex as recorded", choices=("female", "male", "other")),
        _n("birth_date", pl.Date, "date of birth"),
        _n("age_y", F, "age at the first stay or infusion, where no birth date is given", "years", low=0, high=130),
        _n("weight_kg", F, "weight", "kg", low=2, high=400),
        _n("height_cm", F, "height", "cm", low=20, high=260),
        _n("disease", S, "disease treated"),
        _n("blasts_percent", F, "marrow blasts before lymphodepletion", "%", low=0, high=100),
        _n("extramedullary", B, "extramedullary disease"),
        _n("cns_disease", B, "disease of the central nervous system"),
        _n("prior_lines", I, "lines of treatment before", low=0),
        _n("prior_transplant", B, "transplant before the infusion"),
        _n("developmental_delay", B, "CAPD is used instead of ICE whatever the age"),
        _n("centre", S, "hospital"),
        _n("lymphodepletion", S, "regimen"),
        _n("bridging", B, "bridging therapy given"),
        *_ROW,
    ),
    ("patient_id",),
)
COURSES = Table(
    "courses",
    "the unit of analysis: one infusion (split doses together), or one stay where there is no infusion",
    (
        _c("course_id", S, "course"),
        _PATIENT,
        _c("time_zero", TIME, "instant of minute 0"),
        _c("set_by", S, "what set time zero", choices=("infusion", "admission", "first-fever", "column")),
        _c("precision", S, "minute, or day (then 12:00 local is used and said)", choices=("minute", "day")),
        _n("product", S, "CAR-T product"),
        _n("dose", F, "cells per kg of the first dose"),
        _c("infusions", I, "number of doses in the course; 0 without infusion", low=0),
        _n("age_y", F, "age at time zero", "years", low=0, high=130),
        _n("weight_kg", F, "last weight at most 30 days before time zero, else the patient's", "kg", low=2, high=400),
        _n("ends", TIME, "start of the patient's next course"),
    ),
    ("course_id",),
)
STAYS = Table(
    "stays",
    "when the patient was in hospital and where; outside every stay nothing is known",
    (
        _PATIENT,
        _c("start", TIME, "admission"),
        _n("stop", TIME, "discharge; null while the patient is still there"),
        _c("kind", S, "where", choices=("hospital", "icu", "ward", "procedure", "other")),
        _n("stay_id", S, "stay as named in the records"),
        _n("discharge_to", S, "where to"),
        *_ROW,
    ),
)
MEASUREMENTS = Table(
    "measurements",
    "numbers read at an instant, in the vocabulary's unit",
    (
        _PATIENT,
        _c("time", TIME, "when it was measured"),
        *_CLOCK,
        _c("variable", S, "name in vocabulary/variables.csv"),
        _c("value", F, "value in the variable's unit"),
        _n("method", S, "for pressures", choices=("arterial", "cuff", "manual")),
        _n(
            "site",
            S,
            "for temperatures",
            choices=("oral", "axillary", "rectal", "core", "tympanic", "temporal", "skin"),
        ),
        *_ROW,
    ),
)
DRUGS = Table(
    "drugs",
    "given drugs, CAR-T infusions among them; a continuous row says at what rate its order runs from `start` on",
    (
        _PATIENT,
        _c("start", TIME, "given, or the instant from which the rate holds"),
        *_CLOCK,
        _c("drug", S, "name in vocabulary/drugs.csv"),
        _c("mode", S, "one dose, or an infusion with a rate", choices=("dose", "infusion")),
        _n("order_id", S, "order; pairs starts and stops"),
        _n("stop", TIME, "end of an infusion, where the source prints it in the same row"),
        _n("dose", F, "amount of a single dose", "dose_unit", low=0),
        _n("dose_unit", S, "mg, or cells/kg for a CAR-T product", choices=("mg", "ug", "g", "U", "mL", "cells/kg")),
        _n("rate", F, "rate of an infusion; 0 = stopped; null = runs at an unknown rate", "rate_unit", low=0),
        _n("rate_unit", S, "unit of rate", choices=("ug/min", "ug/kg/min", "U/min", "mg/h", "mL/h")),
        _n("route", S, "route as recorded"),
        *_ROW,
    ),
)
SUPPORTS = Table(
    "supports",
    "oxygen and ventilation",
    (
        _PATIENT,
        _c("start", TIME, "from when"),
        *_CLOCK,
        _n("device", S, "name in vocabulary/devices.csv; null = settings of the device that runs already"),
        _n("stop", TIME, "until when, where the source prints it in the same row"),
        _n("flow_l_min", F, "oxygen flow", "L/min", low=0, high=80),
        _n("fio2", F, "inspired oxygen fraction", "fraction", low=0.2, high=1),
        _n(
            "reason",
            S,
            "why positive pressure is used",
            choices=("crs_hypoxia", "airway_protection", "known_sleep_apnoea", "procedure", "unknown"),
        ),
        *_ROW,
    ),
)
ITEMS: dict[str, tuple[str, ...]] = {
    "ice": (),
    "capd": (),
    "consciousness": ("awake", "to_voice", "to_touch", "unarousable", "sedated"),
    "seizure": ("none", "resolved", "nonconvulsive", "prolonged", "repetitive"),
    "motor_weakness": ("no", "yes"),
    "oedema": ("none", "focal", "diffuse", "raised_pressure"),
    "culture": ("taken", "positive", "negative"),
    "attribution_fever": ("yes", "no", "unknown"),
    "attribution_hypotension": ("yes", "no", "unknown"),
    "attribution_oxygen": ("yes", "no", "unknown"),
    "attribution_neurotoxicity": ("yes", "no", "unknown"),
}
ASSESSMENTS = Table(
    "assessments",
    "what somebody judged or scored: ICE 0-10, CAPD 0-32, consciousness, seizure, motor, oedema, cultures, attribution",
    (
        _PATIENT,
        _c("time", TIME, "when"),
        *_CLOCK,
        _c("item", S, "what", choices=tuple(ITEMS)),
        _n("value", S, "one of the item's words, or a whole number for ice and capd"),
        *_ROW,
    ),
)
OUTCOMES = Table(
    "outcomes",
    "what became of the patient",
    (
        _PATIENT,
        _c("time", TIME, "when; date-only events stand at 12:00 local, precision day"),
        *_CLOCK,
        _c(
            "what",
            S,
            "kind",
            choices=(
                "response",
                "mrd",
                "relapse",
                "transplant",
                "new_therapy",
                "death",
                "last_contact",
                "assessment_end",
            ),
        ),
        _n(
            "value",
            S,
            "response: cr, cri, crh, pr, nr; mrd: negative, positive; death: crs, icans, infection, progression, other",
        ),
        _n("method", S, "mrd: flow, pcr, ngs"),
        _n("sensitivity", F, "mrd: smallest fraction the assay sees", low=0, high=1),
        _n("adjudicated_by", S, "who decided the cause of death: a role, not a name"),
        *_ROW,
    ),
)
RECORD_TABLES = (PATIENTS, STAYS, MEASUREMENTS, DRUGS, SUPPORTS, ASSESSMENTS, OUTCOMES)

FINDINGS = Table(
    "findings",
    "what was wrong with the records and what was done",
    (
        _c("code", S, "stable code, e.g. P.temperature-fahrenheit; C conformance, M completeness, P plausibility"),
        _c("source", S, "file"),
        _n("row", pl.Int64, "first row concerned, from 1"),
        _c("count", pl.Int64, "rows concerned", low=0),
        _c("what", S, "what is wrong"),
        _c("done", S, "what was done"),
        _c(
            "effect",
            S,
            "whether rows left the analysis",
            choices=("excluded", "changed", "noted"),
        ),
        _c("needs_decision", B, "a person must decide before the result may be used"),
    ),
)
ACCOUNT = Table(
    "account",
    "every row of every file: used, or set aside under a finding",
    (
        _c("source", S, "file"),
        _c("rows", pl.Int64, "rows read", low=0),
        _c("used", pl.Int64, "rows that reached a record table (as is, changed, or merged into another row)", low=0),
        _c("excluded", pl.Int64, "rows set aside by findings with effect `excluded`", low=0),
        _c("not_needed", pl.Int64, "rows about things tocsin does not use", low=0),
    ),
    ("source",),
)

_COURSE = _c("course_id", S, "course")
GRADES = Table(
    "grades",
    "runs of equal grade on [from, to)",
    (
        _COURSE,
        _c("scale", S, "scale"),
        _c("from", MINUTE, "first minute", "min"),
        _n("to", MINUTE, "first minute after; null = still open", "min"),
        _c("grade", pl.Int8, "what is proved", low=0, high=5),
        _c("grade_at_most", pl.Int8, "what cannot be excluded because a sign is unknown", low=0, high=5),
        _c("deciding", S, "axes whose criteria set the grade, joined by +; empty at grade 0"),
        _c("flags", S, "words joined by spaces: resolving, provisional, attribution_not_reviewed, afebrile_alert, ..."),
    ),
    ("course_id", "scale", "from"),
)
EPISODES = Table(
    "episodes",
    "one row an episode",
    (
        _COURSE,
        _c("scale", S, "scale"),
        _c("episode", I, "number within the course, from 1", low=1),
        _c("onset", MINUTE, "first minute a criterion of the scale is met", "min"),
        _n("end", MINUTE, "last minute a criterion held; null = still open", "min"),
        _n("closed_at", MINUTE, "when the end became known", "min"),
        _c("closed_by", S, "how", choices=("resolved", "end_of_records", "death", "still_open")),
        _c("max_grade", pl.Int8, "highest proved grade", low=0, high=5),
        _c("max_grade_at_most", pl.Int8, "highest grade that cannot be excluded", low=0, high=5),
        _c("max_grade_at", MINUTE, "first minute of the highest proved grade", "min"),
        *(_c(f"hours_grade_{g}", F, f"hours proved at grade {g} within the episode", "h", low=0) for g in range(1, 5)),
        _c("flags", S, "words joined by spaces: recurrence, biphasic, onset_after_day_14, fever_before_infusion, ..."),
    ),
    ("course_id", "scale", "episode"),
)
EVIDENCE = Table(
    "evidence",
    "why a grade is what it is: the criteria that hold, with the rows that prove them",
    (
        _COURSE,
        _c("minute", MINUTE, "moment", "min"),
        _c("scale", S, "scale"),
        _c("grade", pl.Int8, "row of the scale's table"),
        _c("axis", S, "column of the scale's table"),
        _c("criterion", S, "in words"),
        _c("seen", S, "values seen"),
        _c("decides", B, "this cell sets the grade"),
        _c("sources", S, "file:row of each value, joined by spaces"),
    ),
)
FOLLOW = Table(
    "follow",
    "what the strategy asked and what was done",
    (
        _COURSE,
        _c("strategy", S, "strategy"),
        _n("due_at", MINUTE, "when the drug was due, from the history up to the first dose only", "min"),
        _n("due_known_at", MINUTE, "when the ward could know it", "min"),
        _n("given_at", MINUTE, "first dose at or after minute 0", "min"),
        _n("delay", MINUTE, "given_at - due_at", "min"),
        _n("departs_at", MINUTE, "when the history stops following the strategy", "min"),
        _c("followed", S, "how", choices=("yes", "early", "late", "not_given", "never_due")),
    ),
    ("course_id", "strategy"),
)
ENDPOINTS = Table(
    "endpoints",
    "what happened, with times and censoring",
    (
        _COURSE,
        _c("endpoint", S, "endpoint"),
        _c("start", F, "days from time zero at which the clock starts", "d"),
        _n("stop", F, "days from time zero at which it stops", "d"),
        _n("event", I, "0 censored, 1 event, 2.. competing; null = not assessable", low=0),
        _n("value", S, "word or number beside the event"),
    ),
    ("course_id", "endpoint"),
)
EFFECTS = Table(
    "effects",
    "estimates, each with method, interval and n",
    (
        _c("outcome", S, "outcome"),
        _c("contrast", S, "arm, or arm v arm"),
        _c("measure", S, "measure"),
        _n("estimate", F, "estimate"),
        _n("low", F, "lower limit"),
        _n("high", F, "upper limit"),
        _c("level", F, "level of the interval", low=0, high=1),
        _n("p", F, "two-sided P", low=0, high=1),
        _c("method", S, "how estimate, interval and P were made"),
        _c("n", I, "courses", low=0),
        _n("events", I, "events", low=0),
        _c("note", S, "what to know before quoting it"),
        _c("spec_hash", S, "hash of the study specification"),
    ),
)
ATTRITION = Table(
    "attrition",
    "nobody disappears without a row",
    (
        _c("step", S, "rule applied"),
        _c("courses_in", I, "before", low=0),
        _c("courses_out", I, "after", low=0),
        _c("why", S, "reason, and what to do about it"),
    ),
)
PARAMETERS = Table(
    "parameters",
    "every open choice with its value, default and source tag",
    (
        _c("name", S, "parameter"),
        _c("value", S, "value used"),
        _c("default", S, "default"),
        _c("tag", S, "evidence tag", choices=("V", "V2", "Mh", "Mm", "Ml", "R")),
        _c("source", S, "source"),
        _c("words", S, "what it decides"),
    ),
    ("name",),
)
DERIVED_TABLES = (
    COURSES, FINDINGS, ACCOUNT, GRADES, EPISODES, EVIDENCE, FOLLOW, ENDPOINTS, EFFECTS, ATTRITION, PARAMETERS,
)  # fmt: skip

ARMS = Table(
    "arms",
    "the arm of every course in the study, and why",
    (
        _COURSE,
        _n("arm", S, "strategy followed `yes`; null = in no arm"),
        _n("due_at", MINUTE, "when that strategy's drug was due", "min"),
        _n("given_at", MINUTE, "first dose", "min"),
        _c("why", S, "in plain words"),
    ),
    ("course_id",),
)
TABLE1 = Table(
    "table1",
    "who is compared: one row per variable, level and arm",
    (
        _c("variable", S, "variable, in words, with unit"),
        _c("level", S, "level of a categorical variable, or `median [Q1, Q3]`, `range`, `missing`"),
        _c("arm", S, "arm"),
        _c("text", S, "cell as printed"),
        _c("n", I, "courses with a value", low=0),
        _c("missing", I, "courses without", low=0),
        _n("smd", F, "standardised mean difference of the variable"),
        _n("smd_by_chance", F, "standard deviation an SMD has by chance at these sizes"),
    ),
)
CURVES = Table(
    "curves",
    "step curves with intervals, one row per time and arm; the first row is time 0",
    (
        _c("outcome", S, "efs, os, crs_death, ..."),
        _c("kind", S, "survival or cumulative incidence", choices=("survival", "incidence")),
        _c("arm", S, "arm"),
        _c("time", F, "time", "d"),
        _c("at_risk", I, "at risk just before", low=0),
        _c("events", I, "events at this time", low=0),
        _c("censored", I, "censored at this time", low=0),
        _c("estimate", F, "probability", low=0, high=1),
        _n("low", F, "lower limit"),
        _n("high", F, "upper limit"),
    ),
)
AT_RISK = Table(
    "at_risk",
    "number at risk under the curve",
    (
        _c("outcome", S, "outcome"),
        _c("arm", S, "arm"),
        _c("time", F, "time", "d"),
        _c("at_risk", I, "courses still at risk", low=0),
    ),
)
READINGS = Table(
    "readings",
    "temperatures of the courses in the study, for the charts",
    (
        _COURSE,
        _c("minute", MINUTE, "moment", "min"),
        _c("temperature", F, "reading", "°C"),
        _n("source_row", pl.Int64, "row"),
    ),
)
MARKS = Table(
    "marks",
    "drugs on the charts",
    (
        _COURSE,
        _c("minute", MINUTE, "start", "min"),
        _n("to", MINUTE, "end of an infusion", "min"),
        _c("group", S, "tocilizumab, steroid, antipyretic, vasopressor, anticytokine, car_t"),
        _c("drug", S, "drug"),
        _n("text", S, "dose as printed, e.g. 480 mg (8.0 mg/kg)"),
    ),
)
DAYS = Table(
    "days",
    "worst proved grade of each day, for the stacked bars",
    (
        _c("scale", S, "scale"),
        _c("arm", S, "arm"),
        _c("day", I, "day from time zero"),
        _n("grade", pl.Int8, "worst proved grade of the day; null = not gradable that day"),
        _c("courses", I, "courses", low=0),
    ),
)
SENSITIVITY = Table(
    "sensitivity",
    "how the arms move when one open choice moves",
    (
        _c("parameter", S, "what is varied"),
        _c("value", S, "value"),
        _c("is_default", B, "the value of the main analysis"),
        _c("arm", S, "arm, or `none`"),
        _c("courses", I, "courses in the arm", low=0),
        _c("moved", S, "courses that changed arm against the main analysis, joined by spaces"),
    ),
)
WARNINGS = Table(
    "warnings",
    "what makes a comparison misleading, in words a clinician reads first",
    (
        _c("slug", S, "stable name, e.g. design.arm-defined-by-outcome"),
        _n("arm", S, "arm concerned"),
        _c("text", S, "plain words"),
        _c("text_zh", S, "the same in Chinese"),
        _c("serious", B, "shown in red above every two-arm estimate"),
    ),
)
COUNTS = Table(
    "counts",
    "hours and courses that rest on an assumption, and what stood beside the fever",
    (
        _c("what", S, "e.g. hours on an estimated FiO2"),
        _c("arm", S, "arm, or `all`"),
        _c("value", F, "number"),
        _c("unit", S, "h, courses, doses, mg/kg, ..."),
        _c("note", S, "how counted"),
    ),
)
CITATIONS = Table(
    "citations",
    "the papers behind exactly the scales, rules and estimators used",
    (_c("key", S, "key"), _c("text", S, "citation"), _c("doi", S, "doi without resolver"), _c("used_for", S, "what")),
    ("key",),
)
STUDY_TABLES = (
    ARMS, TABLE1, CURVES, AT_RISK, READINGS, MARKS, DAYS, SENSITIVITY, WARNINGS, COUNTS, CITATIONS,
)  # fmt: skip


@dataclass(frozen=True)
class StudyResults:
    """All a report is made of. `meta` holds title, question, synthetic, version, spec_hash, scale, arms, strategies
    (name, sentence, sentence_zh, source, hash), inputs (file to sha256) and time_zero in words; `tables` a frame per
    contract by its name: the study tables plus courses, attrition, parameters, effects, endpoints, grades, episodes,
    follow, findings and account."""

    meta: dict[str, Any]
    tables: dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Records:
    """What a reader hands over: the record tables (sorted by patient and time), what was wrong, and what was supplied.

    `supplied` names the tables the source really has: without its table a sign is unknown, never normal. `zone` is the
    hospital's time zone; every instant here is UTC.
    """

    patients: pl.DataFrame
    stays: pl.DataFrame
    measurements: pl.DataFrame
    drugs: pl.DataFrame
    supports: pl.DataFrame
    assessments: pl.DataFrame
    outcomes: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=FINDINGS.empty)
    account: pl.DataFrame = field(default_factory=ACCOUNT.empty)
    supplied: frozenset[str] = frozenset()
    zone: str = "UTC"
    hashes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame], **more: Any) -> Records:
        """From the record tables at hand, the others empty; each is brought into its contract's shape and checked."""
        frames = {t.name: t.check(t.frame(tables.get(t.name))) for t in RECORD_TABLES}
        return cls(**frames, **{"supplied": frozenset(tables), **more})

    def table(self, name: str) -> pl.DataFrame:
        """One record table by its contract's name."""
        return getattr(self, name)

    def check(self) -> Records:
        """Itself, or TocsinError with every breach of every table."""
        problems = [p for t in RECORD_TABLES for p in t.problems(self.table(t.name))]
        if problems:
            raise TocsinError(problems)
        return self


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
