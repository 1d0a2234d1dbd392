"""What tocsin derives from records: courses, grades, episodes, evidence, follow, endpoints, effects, accounts."""

from __future__ import annotations

import polars as pl

from tocsin.tables.contract import MINUTE, TIME, B, F, I, S, Table, may, need

COURSES = Table(
    "courses",
    "the unit of analysis: one infusion (split doses together), or one stay where there is no infusion",
    (
        need("course_id", S, "course"),
        need("patient_id", S, "patient as named in the records"),
        need("time_zero", TIME, "instant of minute 0"),
        need("set_by", S, "what set time zero", choices=("infusion", "admission", "first-fever", "column")),
        need("precision", S, "minute, or day (then 12:00 local is used and said)", choices=("minute", "day")),
        may("product", S, "CAR-T product"),
        may("dose", F, "cells per kg of the first dose"),
        need("infusions", I, "number of doses in the course; 0 without infusion", low=0),
        may("age_y", F, "age at time zero", "years", low=0, high=130),
        may("weight_kg", F, "last weight at most 30 days before time zero, else the patient's", "kg", low=2, high=400),
        may("ends", TIME, "start of the patient's next course"),
    ),
    ("course_id",),
)
FINDINGS = Table(
    "findings",
    "what was wrong with the records and what was done",
    (
        need("code", S, "stable code, e.g. P.temperature-fahrenheit; C conformance, M completeness, P plausibility"),
        need("source", S, "file"),
        may("row", pl.Int64, "first row concerned, from 1"),
        need("count", pl.Int64, "rows concerned", low=0),
        need("what", S, "what is wrong"),
        need("done", S, "what was done"),
        need(
            "effect",
            S,
            "whether rows left the analysis",
            choices=("excluded", "changed", "noted"),
        ),
        need("needs_decision", B, "a person must decide before the result may be used"),
    ),
)
ACCOUNT = Table(
    "account",
    "every row of every file: used, or set aside under a finding",
    (
        need("source", S, "file"),
        need("rows", pl.Int64, "rows read", low=0),
        need("used", pl.Int64, "rows that reached a record table (as is, changed, or merged into another row)", low=0),
        need("excluded", pl.Int64, "rows set aside by findings with effect `excluded`", low=0),
        need("not_needed", pl.Int64, "rows about things tocsin does not use", low=0),
    ),
    ("source",),
)

_COURSE = need("course_id", S, "course")
GRADES = Table(
    "grades",
    "runs of equal grade on [from, to)",
    (
        _COURSE,
        need("scale", S, "scale"),
        need("from", MINUTE, "first minute", "min"),
        may("to", MINUTE, "first minute after; null = still open", "min"),
        need("grade", pl.Int8, "what is proved", low=0, high=5),
        need("grade_at_most", pl.Int8, "what cannot be excluded because a sign is unknown", low=0, high=5),
        need("deciding", S, "axes whose criteria set the grade, joined by +; empty at grade 0"),
        need("flags", S, "words joined by spaces: resolving, provisional, afebrile_alert, ..."),
    ),
    ("course_id", "scale", "from"),
)
EPISODES = Table(
    "episodes",
    "one row an episode",
    (
        _COURSE,
        need("scale", S, "scale"),
        need("episode", I, "number within the course, from 1", low=1),
        need("onset", MINUTE, "first minute a criterion of the scale is met", "min"),
        may("end", MINUTE, "last minute a criterion held; null = still open", "min"),
        may("closed_at", MINUTE, "when the end became known", "min"),
        need("closed_by", S, "how", choices=("resolved", "end_of_records", "death", "still_open")),
        need("max_grade", pl.Int8, "highest proved grade", low=0, high=5),
        need("max_grade_at_most", pl.Int8, "highest grade that cannot be excluded", low=0, high=5),
        need("max_grade_at", MINUTE, "first minute of the highest proved grade", "min"),
        *(need(f"hours_grade_{g}", F, f"hours proved at grade {g} in the episode", "h", low=0) for g in range(1, 5)),
        need("flags", S, "words joined by spaces: recurrence, biphasic, onset_after_day_14, ..."),
    ),
    ("course_id", "scale", "episode"),
)
EVIDENCE = Table(
    "evidence",
    "why a grade is what it is: the criteria that hold, with the rows that prove them",
    (
        _COURSE,
        need("minute", MINUTE, "moment", "min"),
        need("scale", S, "scale"),
        need("grade", pl.Int8, "row of the scale's table"),
        need("axis", S, "column of the scale's table"),
        need("criterion", S, "in words"),
        need("seen", S, "values seen"),
        need("decides", B, "this cell sets the grade"),
        need("sources", S, "file:row of each value, joined by spaces"),
    ),
)
FOLLOW = Table(
    "follow",
    "what the strategy asked and what was done",
    (
        _COURSE,
        need("strategy", S, "strategy"),
        may("due_at", MINUTE, "when the drug was due, from the history up to the first dose only", "min"),
        may("due_known_at", MINUTE, "when the ward could know it", "min"),
        may("given_at", MINUTE, "first dose at or after minute 0", "min"),
        may("delay", MINUTE, "given_at - due_at", "min"),
        may("departs_at", MINUTE, "when the history stops following the strategy", "min"),
        need("followed", S, "how", choices=("yes", "early", "late", "not_given", "never_due")),
    ),
    ("course_id", "strategy"),
)
ENDPOINTS = Table(
    "endpoints",
    "what happened, with times and censoring",
    (
        _COURSE,
        need("endpoint", S, "endpoint"),
        need("start", F, "days from time zero at which the clock starts", "d"),
        may("stop", F, "days from time zero at which it stops", "d"),
        may("event", I, "0 censored, 1 event, 2.. competing; null = not assessable", low=0),
        may("value", S, "word or number beside the event"),
    ),
    ("course_id", "endpoint"),
)
EFFECTS = Table(
    "effects",
    "estimates, each with method, interval and n",
    (
        need("outcome", S, "outcome"),
        need("contrast", S, "arm, or arm v arm"),
        need("measure", S, "measure"),
        may("estimate", F, "estimate"),
        may("low", F, "lower limit"),
        may("high", F, "upper limit"),
        need("level", F, "level of the interval", low=0, high=1),
        may("p", F, "two-sided P", low=0, high=1),
        need("method", S, "how estimate, interval and P were made"),
        need("n", I, "courses", low=0),
        may("events", I, "events", low=0),
        need("note", S, "what to know before quoting it"),
        need("spec_hash", S, "hash of the study specification"),
    ),
)
ATTRITION = Table(
    "attrition",
    "nobody disappears without a row",
    (
        need("step", S, "rule applied"),
        need("courses_in", I, "before", low=0),
        need("courses_out", I, "after", low=0),
        need("why", S, "reason, and what to do about it"),
    ),
)
PARAMETERS = Table(
    "parameters",
    "every open choice with its value, default and source tag",
    (
        need("name", S, "parameter"),
        need("value", S, "value used"),
        need("default", S, "default"),
        need("tag", S, "evidence tag", choices=("V", "V2", "Mh", "Mm", "Ml", "R")),
        need("source", S, "source"),
        need("words", S, "what it decides"),
    ),
    ("name",),
)
DERIVED_TABLES = (
    COURSES, FINDINGS, ACCOUNT, GRADES, EPISODES, EVIDENCE, FOLLOW, ENDPOINTS, EFFECTS, ATTRITION, PARAMETERS,
)  # fmt: skip
