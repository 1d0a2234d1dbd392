"""What happened to the patient: response, survival, death from CRS, severe CRS, with times, censoring and reasons.

Every function gives one row per course in the endpoints contract; nobody is left out in silence.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tocsin.endpoints.crs import crs_duration, crs_max_grade, crs_onset, severe_crs, time_to_tocilizumab
from tocsin.endpoints.days import Clock, from_first_dose, from_landmark, from_time_zero
from tocsin.endpoints.response import REMISSION, mrd_negative_cr
from tocsin.endpoints.survival import VARIANT_WORDS, EfsVariant, crs_death, efs, os, rfs
from tocsin.tables import ENDPOINTS, Records

__all__ = [
    "REMISSION", "VARIANT_WORDS", "Clock", "EfsVariant", "crs_death", "crs_duration", "crs_max_grade", "crs_onset",
    "efs", "from_first_dose", "from_landmark", "from_time_zero", "judge_endpoints", "mrd_negative_cr", "os", "rfs",
    "severe_crs", "time_to_tocilizumab",
]  # fmt: skip


def judge_endpoints(
    records: Records,
    courses: pl.DataFrame,
    grades: pl.DataFrame,
    episodes: pl.DataFrame,
    follow: pl.DataFrame,
    *,
    from_day: int = 0,
    to_day: int = 35,
    variant: EfsVariant = "ignore_transplant",
    landmark_day: float | None = 28,
    scale: str = "astct_crs",
    severe: int = 3,
    drug: str = "tocilizumab",
    graded: Collection[str] | None = None,
) -> pl.DataFrame:
    """All endpoints of all courses, checked. EFS and OS run from time zero, from the first dose and from the landmark.

    `to_day` also closes the window in which a remission must have been reached for EFS. `graded`: courses in which CRS
    could be graded at some minute; None: those with any run of grades. In the others CRS is not assessable.
    """
    clocks = [from_time_zero(courses), from_first_dose(records, courses, drug)]
    clocks += [] if landmark_day is None else [from_landmark(courses, landmark_day)]
    seen = set(grades.filter(pl.col("scale") == scale).get_column("course_id")) if graded is None else graded
    frames = [
        mrd_negative_cr(records, courses, from_day=from_day, to_day=to_day),
        *(efs(records, courses, variant=variant, clock=clock, remission_by_day=to_day) for clock in clocks),
        *(os(records, courses, clock=clock) for clock in clocks),
        rfs(records, courses, variant=variant),
        crs_death(records, courses),
        severe_crs(records, courses, grades, episodes, scale=scale, at_least=severe, graded=seen),
        crs_onset(courses, episodes, scale=scale, graded=seen),
        crs_duration(courses, episodes, scale=scale, graded=seen),
        crs_max_grade(courses, episodes, scale=scale, graded=seen),
        time_to_tocilizumab(courses, follow),
    ]
    return ENDPOINTS.check(pl.concat(frames).sort("course_id", "endpoint"))
