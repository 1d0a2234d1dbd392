"""From situations to runs of equal grade and to episodes: the same for every scale."""

from __future__ import annotations

import polars as pl

from tocsin.rules import Scale
from tocsin.tables import EPISODES, GRADES

RESOLVE_MINUTES = 24 * 60
LATE_ONSET_MINUTES = 14 * 24 * 60
DEATHS = {"course_id": pl.String, "minute": pl.Int32, "caused": pl.Boolean}


def no_deaths() -> pl.DataFrame:
    """An empty frame of deaths: course_id, minute, caused (adjudicated as due to the toxicity the scale grades)."""
    return pl.DataFrame(schema=DEATHS)


def grade_runs(
    scale: Scale, runs: pl.DataFrame, codes: pl.DataFrame | None = None, deaths: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Runs of equal grade, bounds, axis and flags (contract `grades`); a caused death is grade 5 from its minute on.

    `runs`: course_id, from, to, situation, with the meaning of each situation in `codes`, so that each is graded once;
    or, without `codes`, course_id, from, to and the sign columns. Runs are cut at any death. Unknown signs widen
    `grade_at_most`, never `grade`. Outside every stay nothing is known and there is no run.
    """
    deaths = no_deaths() if deaths is None else deaths
    if codes is None:
        signs = [name for name in runs.columns if name not in ("course_id", "from", "to", "situation")]
        codes = runs.select(signs).unique().with_row_index("situation")
        runs = runs.join(codes, on=signs, how="left", nulls_equal=True, maintain_order="left")
    known = _worded(scale, scale.marks(scale.grade(codes.filter("covered"))))
    graded = runs.select("course_id", "from", "to", "situation").join(known, on="situation", maintain_order="left")
    worded = _cut(_merge(graded, ("course_id", "kind")), deaths).with_columns(scale=pl.lit(scale.name))
    fives = deaths.filter("caused").select(
        "course_id",
        pl.lit(scale.name).alias("scale"),
        pl.col("minute").alias("from"),
        pl.lit(None, pl.Int32).alias("to"),
        pl.lit(5, pl.Int8).alias("grade"),
        pl.lit(5, pl.Int8).alias("grade_at_most"),
        pl.lit("death").alias("deciding"),
        pl.lit("").alias("flags"),
    )
    return pl.concat([GRADES.frame(worded), GRADES.frame(fives)]).sort("course_id", "from")


def _worded(scale: Scale, graded: pl.DataFrame) -> pl.DataFrame:
    """What each situation means on this scale: grades, deciding axes and flags in words, `kind` equal where all are."""
    axes = {code: scale.axis_words(code) for code in graded.get_column("axes_code").unique().to_list()}
    flags = {code: scale.flag_words(code) for code in graded.get_column("flags_code").unique().to_list()}
    deciding = pl.col("axes_code").replace_strict(axes, default="", return_dtype=pl.String)
    worded = graded.with_columns(
        deciding=pl.when(pl.col("grade") > 0).then(deciding).otherwise(pl.lit("")),
        flags=pl.col("flags_code").replace_strict(flags, default="", return_dtype=pl.String),
    )
    same = pl.struct("grade", "grade_at_most", "deciding", "flags")
    return worded.select(
        "situation", "grade", "grade_at_most", "deciding", "flags", kind=same.rank("dense").cast(pl.Int32)
    )


def _merge(runs: pl.DataFrame, same: tuple[str, ...]) -> pl.DataFrame:
    """Neighbouring runs that agree in `same` become one; rows are sorted by course and time."""
    if runs.is_empty():
        return runs
    new = pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in same) | (pl.col("from") != pl.col("to").shift(1))
    new = new.fill_null(True)
    starts = runs.with_columns(new=new, at=pl.int_range(pl.len())).filter("new")
    last = starts.get_column("at").shift(-1).fill_null(runs.height) - 1
    return starts.with_columns(to=runs.get_column("to").gather(last)).drop("new", "at")


def _cut(runs: pl.DataFrame, deaths: pl.DataFrame) -> pl.DataFrame:
    if deaths.is_empty():
        return runs
    joined = runs.join(deaths.select("course_id", died="minute"), on="course_id", how="left", maintain_order="left")
    before = joined.filter(pl.col("died").is_null() | (pl.col("from") < pl.col("died")))
    end = pl.when(pl.col("died").is_null()).then("to").otherwise(pl.min_horizontal("to", "died"))
    return before.with_columns(to=end).drop("died")


def episode_grades(
    scale: Scale, grades: pl.DataFrame, openings: pl.DataFrame, deaths: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Episodes (contract `episodes`) of a CRS scale: the openings and closings of the signs with their grades.

    `openings`: course_id, episode, onset, end, closed_at, closed_by, fever_before_infusion, as `signs.run` gives them.
    """
    deaths = no_deaths() if deaths is None else deaths
    opened = openings.join(deaths.select("course_id", died="minute", caused="caused"), on="course_id", how="left")
    dies = (pl.col("died") >= pl.col("onset")) & (pl.col("closed_by") != "resolved")
    dies = (dies & (pl.col("closed_at").is_null() | (pl.col("died") <= pl.col("closed_at") + 1440))).fill_null(False)
    opened = opened.with_columns(
        closed_by=pl.when(dies).then(pl.lit("death")).otherwise("closed_by"),
        closed_at=pl.when(dies & pl.col("closed_at").is_null()).then("died").otherwise("closed_at"),
        end=pl.when(dies & pl.col("end").is_null()).then("died").otherwise("end"),
        death_flag=dies & ~pl.col("caused"),
    ).sort("course_id", "episode")
    gap = pl.col("onset") - pl.col("closed_at").shift(1).over("course_id")
    flags = {
        "recurrence": pl.col("episode") > 1,
        "biphasic": (gap < LATE_ONSET_MINUTES).fill_null(False),
        "onset_after_day_14": pl.col("onset") > LATE_ONSET_MINUTES,
        "fever_before_infusion": pl.col("fever_before_infusion"),
        "death_during_episode": pl.col("death_flag"),
    }
    return _with_grades(scale, grades, opened.with_columns(flags=_words(flags)))


def episodes_by_grade(scale: Scale, grades: pl.DataFrame, latest: pl.DataFrame | None = None) -> pl.DataFrame:
    """Episodes of a scale without an opening sign: onset at any grade >= 1, end after grade 0 for 24 h.

    A stretch in which the grade is not known to be 0 does not close an episode. `latest` (course_id, latest): the last
    minute at which an episode may begin; courses that are not in it, or null, have none.
    """
    runs = grades.filter(pl.col("scale") == scale.name)
    clear = (pl.col("grade_at_most") == 0) & (pl.col("to") - pl.col("from") >= RESOLVE_MINUTES).fill_null(True)
    marked = runs.with_columns(part=clear.cum_sum().over("course_id"), clear=clear)
    ill = marked.filter(pl.col("grade") >= 1)
    spans = ill.group_by("course_id", "part", maintain_order=True).agg(
        onset=pl.col("from").first(), end=pl.col("to").last(), dead=(pl.col("grade") == 5).any()
    )
    closing = marked.filter("clear").select(
        "course_id", part=pl.col("part") - 1, closed_at=pl.col("from") + RESOLVE_MINUTES
    )
    if latest is not None:
        spans = spans.join(latest, on="course_id", how="left", maintain_order="left")
        spans = spans.filter(pl.col("latest").is_null() | (pl.col("onset") <= pl.col("latest")))
    joined = spans.join(closing, on=["course_id", "part"], how="left").sort("course_id", "onset")
    closed = pl.when("dead").then(pl.lit("death")).when(pl.col("closed_at").is_null()).then(pl.lit("still_open"))
    opened = joined.with_columns(
        episode=pl.int_range(1, pl.len() + 1).over("course_id").cast(pl.Int32),
        closed_by=closed.otherwise(pl.lit("resolved")),
        flags=pl.lit(""),
    )
    return _with_grades(scale, grades, opened)


def _words(flags: dict[str, pl.Expr]) -> pl.Expr:
    parts = [pl.when(flag).then(pl.lit(name)) for name, flag in flags.items()]
    return pl.concat_list(parts).list.drop_nulls().list.join(" ")


def _with_grades(scale: Scale, grades: pl.DataFrame, opened: pl.DataFrame) -> pl.DataFrame:
    """Maximum grades and hours at each grade within [onset, end); a run that is still open adds no hours."""
    until = pl.col("until")
    runs = grades.filter(pl.col("scale") == scale.name)
    inside = opened.select("course_id", "episode", "onset", until=pl.col("end").fill_null(2**30)).join(
        runs, on="course_id"
    )
    inside = inside.filter(pl.col("from") < until, pl.col("to").fill_null(2**30) > pl.col("onset"))
    low, high = pl.max_horizontal("from", "onset"), pl.min_horizontal(pl.col("to").fill_null(pl.col("from")), until)
    hours = [
        (pl.when(pl.col("grade") == g).then((high - low).clip(0)).otherwise(0).sum() / 60).alias(f"hours_grade_{g}")
        for g in range(1, 5)
    ]
    summary = inside.group_by("course_id", "episode").agg(
        *hours,
        max_grade=pl.col("grade").max(),
        max_grade_at_most=pl.col("grade_at_most").max(),
        max_grade_at=low.filter(pl.col("grade") == pl.col("grade").max()).min(),
    )
    fives = runs.filter(pl.col("grade") == 5).select("course_id", five="from")
    full = opened.join(summary, on=["course_id", "episode"], how="left").join(fives, on="course_id", how="left")
    fatal = (pl.col("closed_by") == "death") & pl.col("five").is_not_null()
    return EPISODES.frame(
        full.with_columns(
            scale=pl.lit(scale.name),
            max_grade=pl.when(fatal).then(5).otherwise("max_grade").fill_null(0),
            max_grade_at_most=pl.when(fatal).then(5).otherwise("max_grade_at_most").fill_null(0),
            max_grade_at=pl.when(fatal).then("five").otherwise("max_grade_at").fill_null(pl.col("onset")),
            **{f"hours_grade_{g}": pl.col(f"hours_grade_{g}").fill_null(0.0) for g in range(1, 5)},
        )
    ).sort("course_id", "episode")
