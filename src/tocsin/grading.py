"""Records to grades: composes signs, scales and triggers. What `tocsin grade`, `explain` and `study` share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from tocsin import vocabulary
from tocsin.errors import TocsinError
from tocsin.grades import NEUROTOXICITY, SCALES, episode_grades, grade_runs, neurotoxicity_episodes
from tocsin.rules import Scale
from tocsin.signs import Parameters, Signs, doses, readings, run
from tocsin.signs.events import clock_column, minute_of
from tocsin.strategies import follow
from tocsin.tables import EPISODES, GRADES, Records
from tocsin.when import Strategy


@dataclass(frozen=True)
class Grading:
    """Signs, grade runs and episodes of every course on every scale asked for."""

    signs: Signs
    grades: pl.DataFrame
    episodes: pl.DataFrame
    parameters: Parameters


def scale_named(name: str) -> Scale:
    """The scale of that name. Raises TocsinError `grades.scale-unknown` with the names there are."""
    if name not in SCALES:
        raise TocsinError.of(
            "grades.scale-unknown", f'there is no scale "{name}".', "", f"Use one of: {', '.join(SCALES)}."
        )
    return SCALES[name]


def grade(
    records: Records,
    courses: pl.DataFrame,
    scales: Iterable[str] = ("astct_crs", "astct_icans"),
    parameters: Parameters | None = None,
    moments: bool = False,
) -> Grading:
    """Grades every course on each scale. Unknown signs widen `grade_at_most`; nothing is imputed."""
    parameters = parameters or Parameters()
    found = run(records, courses, parameters, moments)
    runs, episodes = [GRADES.empty()], [EPISODES.empty()]
    for scale in map(scale_named, scales):
        neuro = scale.name in NEUROTOXICITY
        deaths = deaths_due_to(records, courses, "icans" if neuro else "crs", found.episodes)
        graded = grade_runs(scale, found.runs, found.codes, deaths)
        runs.append(graded)
        episodes.append(
            neurotoxicity_episodes(scale, graded) if neuro else episode_grades(scale, graded, found.episodes, deaths)
        )
    return Grading(found, pl.concat(runs), pl.concat(episodes), parameters)


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


def streams(strategy: Strategy, records: Records, courses: pl.DataFrame, grading: Grading) -> dict[str, pl.DataFrame]:
    """What the strategy's trigger needs over time, by name."""
    made: dict[str, pl.DataFrame] = {}
    for name in strategy.when.streams():
        if name in ("temperature", "systolic", "spo2"):
            made[name] = readings(records, courses, name, grading.parameters)
        elif name == "antipyretic":
            made[name] = _antipyretics(records, courses, grading.parameters)
        elif name == "onset":
            made[name] = _at(grading.signs.episodes.filter(pl.col("episode") == 1), pl.col("onset"), pl.col("onset"))
        else:
            scale = scale_named(name)
            runs = grading.grades.filter(pl.col("scale") == scale.name)
            if runs.is_empty() and courses.height:
                runs = grade_runs(scale, grading.signs.runs, grading.signs.codes)
            alive = runs.filter(pl.col("grade") < 5)  # nobody is due for a drug once dead
            made[name] = _at(alive, pl.col("from"), pl.col("grade"))
    return made


def _at(frame: pl.DataFrame, minute: pl.Expr, value: pl.Expr) -> pl.DataFrame:
    return frame.select("course_id", minute=minute, read=minute, value=value.cast(pl.Float64))


def _antipyretics(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    names = [name for name, drug in vocabulary.drugs().items() if drug.group == "antipyretic"]
    of = courses.select("patient_id", "course_id", "time_zero")
    rows = records.drugs.filter(pl.col("drug").is_in(names), pl.col("precision") == "minute").join(of, on="patient_id")
    given = rows.select("course_id", minute=minute_of(clock_column(parameters, "start")))
    return _at(given.filter(pl.col("minute") >= -1440).sort("course_id", "minute"), pl.col("minute"), pl.lit(1.0))


def follow_strategy(
    name: str, strategy: Strategy, records: Records, courses: pl.DataFrame, grading: Grading
) -> pl.DataFrame:
    """The `follow` table of one strategy over graded courses."""
    given = doses(records, courses, strategy.give, grading.parameters).select("course_id", "minute")
    return follow(name, strategy, streams(strategy, records, courses, grading), given, courses.get_column("course_id"))
