"""What a comparison of scales yields: a contract for each table."""

from __future__ import annotations

import polars as pl

from tocsin.tables.contract import F, I, S, Table, may, need

_PAIR = (need("scale_a", S, "first scale"), need("scale_b", S, "second scale"))
_G = pl.Int8
_HOURS = (
    need("hours", F, "hours; a run that is still open adds none", "h", low=0),
    need("hours_apart", F, "of these, hours in which the bounds of the two scales do not overlap", "h", low=0),
    need("hours_settled", F, "of these, hours in which both grades equal what cannot be excluded", "h", low=0),
    need("courses", I, "courses with any such hour", low=0),
)

COURSE_GRADES = Table(
    "course_grades",
    "the highest grade of every course on every scale",
    (
        need("course_id", S, "course"),
        need("scale", S, "scale"),
        may("grade", _G, "highest proved grade; null = no moment to grade", low=0, high=5),
        may("grade_at_most", _G, "highest grade that cannot be excluded", low=0, high=5),
    ),
    ("course_id", "scale"),
)
PAIRS = Table(
    "pairs",
    "each pair of scales in one line",
    (
        *_PAIR,
        need("courses", I, "courses", low=0),
        need("gradable", I, "courses graded on both", low=0),
        need("equal", I, "of these, equal highest proved grade", low=0),
        need("a_higher", I, "of these, higher on the first scale", low=0),
        need("b_higher", I, "of these, higher on the second scale", low=0),
        need("settled", I, "of these, highest proved grade = highest not excluded, on both", low=0),
        need("settled_equal", I, "settled on both and equal", low=0),
        need("hours", F, "hours graded on both", "h", low=0),
        need("hours_differ", F, "of these, hours in which the proved grades differ", "h", low=0),
        need("hours_apart", F, "of these, hours in which the bounds do not overlap", "h", low=0),
        need("hours_settled", F, "of the hours graded on both, those in which both grades are settled", "h", low=0),
        need("still_open", I, "courses whose last run on either is still open and adds no hours", low=0),
    ),
    ("scale_a", "scale_b"),
)
AGREEMENT = Table(
    "agreement",
    "agreement of the highest proved grades, each estimate with its interval and how it was made",
    (
        *_PAIR,
        need("measure", S, "share with equal grade, linear or quadratic weighted kappa"),
        may("estimate", F, "estimate; null = not estimable"),
        may("low", F, "lower limit"),
        may("high", F, "upper limit"),
        need("level", F, "level of the interval", low=0, high=1),
        need("method", S, "how the interval was made"),
        need("n", I, "courses graded on both", low=0),
        need("note", S, "why a number is missing, and what to know"),
    ),
    ("scale_a", "scale_b", "measure", "method"),
)
MAXIMA = Table(
    "maxima",
    "cross-table of the highest proved grades of the courses; a cell without courses has no row",
    (
        *_PAIR,
        may("grade_a", _G, "on the first scale; null = not gradable", low=0, high=5),
        may("grade_b", _G, "on the second scale; null = not gradable", low=0, high=5),
        need("courses", I, "courses", low=1),
        need("settled", I, "of these, highest proved grade = highest not excluded, on both scales", low=0),
    ),
    ("scale_a", "scale_b", "grade_a", "grade_b"),
)
HOURS = Table(
    "hours",
    "hours by the two proved grades of the same minute",
    (*_PAIR, need("grade_a", _G, "on the first scale"), need("grade_b", _G, "on the second scale"), *_HOURS),
    ("scale_a", "scale_b", "grade_a", "grade_b"),
)
CRITERIA = Table(
    "criteria",
    "what decides on each side while the proved grades differ, most hours first within a pair",
    (
        *_PAIR,
        need("rank", I, "place within the pair, from 1", low=1),
        need("grade_a", _G, "on the first scale"),
        need("axis_a", S, "axes that set it, joined by +; at grade 0 the flag that says why, or `none`"),
        need("criterion_a", S, "their criteria in words"),
        need("grade_b", _G, "on the second scale"),
        need("axis_b", S, "axes that set it, joined by +; at grade 0 the flag that says why, or `none`"),
        need("criterion_b", S, "their criteria in words"),
        *_HOURS,
    ),
    ("scale_a", "scale_b", "rank"),
)
CONCORDANCE_TABLES = (PAIRS, AGREEMENT, MAXIMA, HOURS, CRITERIA, COURSE_GRADES)
