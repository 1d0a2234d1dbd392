"""Records to grades: composes signs, scales and triggers. What `tocsin grade`, `explain` and `study` share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from tocsin.grades import (
    BY_FEVER,
    FINAL,
    NEUROTOXICITY,
    episode_grades,
    episodes_by_grade,
    final_situations,
    grade_runs,
)
from tocsin.signs import WIDE, Parameters, Signs, doses, run
from tocsin.signs.acts import minute_of
from tocsin.strategies import follow
from tocsin.streams import scale_named, streams
from tocsin.tables import EPISODES, GRADES, Records
from tocsin.when import Strategy


@dataclass(frozen=True)
class Grading:
    """Signs, grade runs and episodes of every course on every scale asked for."""

    signs: Signs
    grades: pl.DataFrame
    episodes: pl.DataFrame
    parameters: Parameters


def grade(
    records: Records,
    courses: pl.DataFrame,
    scales: Iterable[str] = ("astct_crs", "astct_icans"),
    parameters: Parameters | None = None,
    moments: bool = False,
) -> Grading:
    """Grades every course on each scale. Unknown signs widen `grade_at_most`; nothing is imputed.

    Episodes of ASTCT open with a fever (`signs`); those of the other scales with the first proved grade. Final readings
    (`grades.FINAL`) look ahead and are for results only. Raises TocsinError `grades.scale-unknown`.
    """
    parameters = parameters or Parameters()
    asked = [scale_named(name) for name in dict.fromkeys(scales)]
    found = run(records, courses, parameters, moments, wide=any(WIDE & set(scale.columns) for scale in asked))
    latest = _latest_onsets(courses, parameters)
    cut: tuple[pl.DataFrame, pl.DataFrame] | None = None
    runs, episodes = [GRADES.empty()], [EPISODES.empty()]
    for scale in asked:
        neuro = scale.name in NEUROTOXICITY
        deaths = deaths_due_to(records, courses, "icans" if neuro else "crs", found.episodes)
        situations = (found.runs, found.codes)
        if scale.name in FINAL:
            cut = cut or final_situations(
                *situations, round(60 * parameters.high_dose_h), round(60 * parameters.resolve_h)
            )
            situations = cut
        graded = grade_runs(scale, *situations, deaths)
        runs.append(graded)
        if scale.name in BY_FEVER:
            episodes.append(episode_grades(scale, graded, found.episodes, deaths))
        else:
            episodes.append(episodes_by_grade(scale, graded, None if neuro else latest))
    return Grading(found, pl.concat(runs), pl.concat(episodes), parameters)


def _latest_onsets(courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """course_id, latest: the last minute at which a CRS episode may begin; null where no infusion set time zero."""
    last = pl.when(pl.col("set_by") == "infusion").then(int(parameters.search_days * 1440))
    return courses.select("course_id", latest=last)


def deaths_due_to(records: Records, courses: pl.DataFrame, cause: str, episodes: pl.DataFrame) -> pl.DataFrame:
    """First death per course: course_id, minute, caused. Caused = adjudicated and due to `cause`.

    A death known to the day decides no minute: it is put where the records of an episode end that day, else at 12:00
    local as read.
    """
    of = courses.select("patient_id", "course_id", "time_zero", "ends")
    deaths = records.outcomes.filter(pl.col("what") == "death").join(of, on="patient_id").sort("course_id", "time")
    deaths = deaths.filter(pl.col("ends").is_null() | (pl.col("time") < pl.col("ends")))
    first = deaths.unique("course_id", keep="first", maintain_order=True).select(
        "course_id", "precision", minute=minute_of(pl.col("time")),
        caused=((pl.col("value") == cause) & pl.col("adjudicated_by").is_not_null()).fill_null(False),
    )  # fmt: skip
    last = episodes.filter(pl.col("closed_by") == "end_of_records").group_by("course_id").agg(pl.col("closed_at").max())
    first = first.filter(pl.col("minute") >= 0)  # an earlier death is an error of the records, not an end
    joined = first.join(last, on="course_id", how="left", maintain_order="left")
    that_day = (pl.col("precision") == "day") & ((pl.col("closed_at") - pl.col("minute")).abs() <= 720)
    return joined.select(
        "course_id", minute=pl.when(that_day.fill_null(False)).then("closed_at").otherwise("minute"), caused="caused"
    )


def follow_strategy(
    name: str, strategy: Strategy, records: Records, courses: pl.DataFrame, grading: Grading
) -> pl.DataFrame:
    """The `follow` table of one strategy over graded courses."""
    given = doses(records, courses, strategy.give, grading.parameters).select("course_id", "minute")
    return follow(name, strategy, streams(strategy, records, courses, grading), given, courses.get_column("course_id"))
