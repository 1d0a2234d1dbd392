"""The scores of records as tidy rows: one row a course, score and moment, with what it was made of or why it is not."""

from __future__ import annotations

import polars as pl

from tocsin.scores import easix, hematotox, iec_hs
from tocsin.scores.addition import names_where
from tocsin.scores.catalogue import CATALOGUE
from tocsin.scores.icaht import EARLY_TO_DAY, LATE_FROM_DAY, NEUTROPHILS, PLATELETS, Lineage, icaht
from tocsin.scores.parameters import ScoreParameters
from tocsin.scores.values import before, daily, follow_up, lab_values, lymphodepletion
from tocsin.tables import MINUTE, Records, Table
from tocsin.tables.contract import F, I, S, may, need

BEFORE, DAY, EARLY, LATE, SCREEN = "before_lymphodepletion", "day", "days_0_to_30", "days_31_on", "screen"
SCORES = Table(
    "scores",
    "scores of a course, tidy; a score that is missing has no value, but bounds where its items have a range",
    (
        need("course_id", S, "course"),
        need("score", S, "which", choices=tuple(CATALOGUE)),
        need("moment", S, "of when", choices=(BEFORE, DAY, EARLY, LATE, SCREEN)),
        may("day", I, "local days since the date of minute 0; empty for a score of the whole course"),
        may("value", F, "the score; empty = missing, never 0"),
        may("low", F, "lowest the score can be"),
        may("high", F, "highest the score can be"),
        may("log2", F, "log2 of a ratio"),
        need("unit", S, "unit of value, low and high; empty for a ratio"),
        need("words", S, "the value's class in words"),
        need("flags", S, "words joined by spaces: platelets_floored, lymphodepletion_assumed, ..."),
        need("why", S, "why the score is missing; empty where it is not"),
        need("readings", S, "what it was made of: value, unit, file and row"),
        may("known_at", MINUTE, "minute at which the last of the readings was available", "min"),
    ),
    ("course_id", "score", "moment", "day"),
)
ASSUMED, NO_INFUSION = "lymphodepletion_assumed", "minute 0 is no infusion"
PARTLY_READ = "not possible on any day read, but days are unread or a sign is unknown"


def score_rows(records: Records, courses: pl.DataFrame, crs: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """All scores of all courses, in the contract SCORES. `crs`: grade runs of one CRS scale, for the IEC-HS screen."""
    values = lab_values(records, courses, p)
    infused = courses.filter(pl.col("set_by").is_in(["infusion", "column"]))
    made = [
        *_before_rows(values, records, infused, p),
        *_daily_rows(values, p),
        *(_icaht_rows(values, records, infused, lineage, p) for lineage in (NEUTROPHILS, PLATELETS)),
        *_screen_rows(values, records, courses, crs, p),
        _without_infusion(courses.join(infused, on="course_id", how="anti")),
    ]
    frame = pl.concat([SCORES.frame(one) for one in made])
    return SCORES.check(frame.sort(SCORES.key, nulls_last=False))


def _row(score: str, moment: str, **columns: pl.Expr) -> list[pl.Expr]:
    """The columns every row has; those not given are empty."""
    given = {
        "score": pl.lit(score), "moment": pl.lit(moment), "unit": pl.lit(CATALOGUE[score].unit), "words": pl.lit(""),
        "flags": pl.lit(""), "why": pl.lit(""), "readings": pl.lit(""), **columns,
    }  # fmt: skip
    return [expr.alias(name) for name, expr in given.items()]


# --- EASIX and CAR-HEMATOTOX ------------------------------------------------------------------------------------------


def _before_rows(
    values: pl.DataFrame, records: Records, infused: pl.DataFrame, p: ScoreParameters
) -> list[pl.DataFrame]:
    """Before lymphodepletion; where no dose is recorded, before the date it is taken to begin on, with a flag."""
    given = lymphodepletion(records, infused, p)
    zero = infused.select("course_id", "time_zero")
    absent, assumed = pl.col("start").is_null(), pl.duration(days=p.lymphodepletion_assumed_day)
    moments = given.join(zero, on="course_id", how="left", maintain_order="left").select(
        "course_id",
        start=pl.coalesce("start", pl.col("time_zero") - assumed),
        start_whole=pl.col("start_whole").fill_null(True),
        flag=pl.when(absent).then(pl.lit(ASSUMED)),
    )
    found = before(values, moments.drop("flag"), records.zone, p)
    found = found.join(moments.select("course_id", "flag"), on="course_id", how="left", maintain_order="left")
    made = _easix_rows(found, BEFORE)
    scored = hematotox.car_hematotox(found, p)
    risk = pl.format("{} risk", "risk").fill_null("")
    why = _missing_words(hematotox.ITEMS)
    row = _row(
        "car_hematotox", BEFORE, value=pl.col("value").cast(F), low=pl.col("low").cast(F), high=pl.col("high").cast(F),
        words=risk, why=why, flags=pl.col("flag").fill_null(""), readings=_seen(hematotox.ITEMS),
        known_at=_known_at(hematotox.ITEMS),
    )  # fmt: skip
    return [*made, scored.select("course_id", *row)]


def _daily_rows(values: pl.DataFrame, p: ScoreParameters) -> list[pl.DataFrame]:
    """Each day on which an item of the score was read."""
    items = tuple(dict.fromkeys(name for names in easix.ITEMS.values() for name in names))
    found = daily(values, items, p).with_columns(flag=pl.lit(None, S))
    return _easix_rows(found, DAY)


def _easix_rows(found: pl.DataFrame, moment: str) -> list[pl.DataFrame]:
    scored, keys = easix.easix_scores(found), ["course_id", *(["day"] if moment == DAY else [])]
    floor = pl.when(easix.is_floored(pl.col("platelets"))).then(pl.lit("platelets_floored"))
    made: list[pl.DataFrame] = []
    for score, items in easix.ITEMS.items():
        row = _row(
            score, moment, value=pl.col(score), low=pl.col(score), high=pl.col(score), log2=easix.log2(pl.col(score)),
            flags=pl.concat_str([pl.col("flag"), floor], separator=" ", ignore_nulls=True), why=_missing_words(items),
            readings=_seen(items), known_at=_known_at(items),
        )  # fmt: skip
        read = pl.any_horizontal(pl.col(name).is_not_null() for name in items) if moment == DAY else pl.lit(True)
        made.append(scored.filter(read).select(*keys, *row))
    return made


def _missing_words(items: tuple[str, ...]) -> pl.Expr:
    names = names_where([(name, pl.col(name).is_null()) for name in items])
    return pl.when(names != "").then(pl.format("no {}", names)).otherwise(pl.lit(""))


def _seen(items: tuple[str, ...]) -> pl.Expr:
    return pl.concat_str([pl.col(f"{name}_seen") for name in items], separator="; ", ignore_nulls=True).fill_null("")


def _known_at(items: tuple[str, ...]) -> pl.Expr:
    return pl.max_horizontal(pl.col(f"{name}_known") for name in items)


# --- ICAHT ------------------------------------------------------------------------------------------------------------


def _icaht_rows(
    values: pl.DataFrame, records: Records, infused: pl.DataFrame, lineage: Lineage, p: ScoreParameters
) -> pl.DataFrame:
    lows = values.filter(pl.col("variable") == lineage.variable)
    scored = icaht(lows, follow_up(records, infused), lineage, p)
    early = pl.col("score").str.ends_with("_early")
    ranges = pl.when(early).then(pl.col("day").is_between(0, EARLY_TO_DAY)).otherwise(pl.col("day") >= LATE_FROM_DAY)
    used = scored.select("course_id", "score", "to_day").join(lows, on="course_id").filter(
        ranges, pl.col("day") <= pl.col("to_day")
    )  # fmt: skip
    lowest = used.sort("value", "time").group_by("course_id", "score", maintain_order=True).agg(
        pl.col("seen").first(), pl.col("known").max()
    )  # fmt: skip
    made = scored.join(lowest, on=["course_id", "score"], how="left", maintain_order="left")
    readings = pl.format(
        "lowest {}; to day {}: {} days read, {} filled, {} unknown",
        pl.col("seen").fill_null("none"),
        "to_day",
        "measured",
        "filled",
        "unknown",
    )
    words = pl.format("days low {}, very low {}", "days_low", "days_very_low")
    return made.select(
        "course_id", "score", "flags", pl.when(early).then(pl.lit(EARLY)).otherwise(pl.lit(LATE)).alias("moment"),
        *(pl.col(name).cast(F) for name in ("value", "low", "high")), pl.lit("grade 0-4").alias("unit"),
        words.fill_null("").alias("words"), pl.col("why").fill_null(""), readings.fill_null("").alias("readings"),
        pl.col("known").alias("known_at"),
    )  # fmt: skip


# --- IEC-HS -----------------------------------------------------------------------------------------------------------


def _screen_rows(
    values: pl.DataFrame, records: Records, courses: pl.DataFrame, crs: pl.DataFrame, p: ScoreParameters
) -> list[pl.DataFrame]:
    """One row a day with a reading, and one a course. A reading known by its date alone decides no minute."""
    exact = values.filter(~pl.col("whole"))
    moments = iec_hs.screen(exact, _people(exact, records, courses, p), crs, p)
    dated = moments.join(_known_by(exact, p), on=["course_id", "minute"], how="left", maintain_order="left")
    rank = pl.col("status").replace_strict({iec_hs.POSSIBLE: 0, iec_hs.UNSAID: 1, iec_hs.NOT: 2}, return_dtype=I)
    # of a day or a course the moment that says most: possible before unsaid before not, clear of CRS first
    ordered = dated.with_columns(rank=rank, clear=pl.col("overlap").fill_null(True)).sort(
        "course_id", "rank", "clear", "minute"
    )
    days = ordered.unique(["course_id", "day"], keep="first", maintain_order=True)
    return [_screen_days(days, SCREEN), _screen_courses(days, courses, records, p)]


def _known_by(exact: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """course_id, minute, day, known_at: when the ward had every reading of the screen's hours up to that minute."""
    read = exact.filter(pl.col("variable").is_in(iec_hs.READ), pl.col("day") >= p.iec_hs_from_day)
    rolled = read.sort("course_id", "minute").with_columns(pl.col("minute").cast(pl.Int64)).rolling(
        "minute", period=iec_hs.length(p), closed="both", group_by="course_id"
    )  # fmt: skip
    made = rolled.agg(pl.col("day").last(), known_at=pl.col("known").max()).unique(["course_id", "minute"])
    return made.with_columns(pl.col("minute").cast(pl.Int32))


def _people(exact: pl.DataFrame, records: Records, courses: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    sexes = courses.select("course_id", "patient_id", "time_zero").join(
        records.patients.select("patient_id", "sex"), on="patient_id", how="left", maintain_order="left"
    )
    moments = sexes.select("course_id", start=pl.col("time_zero"), start_whole=pl.lit(False))
    found = before(exact, moments, records.zone, p).select("course_id", "ferritin", "ast", "alt")
    return sexes.select("course_id", "sex").join(found, on="course_id", how="left", maintain_order="left")


def _screen_days(days: pl.DataFrame, moment: str) -> pl.DataFrame:
    status = pl.col("status")
    value = pl.when(status == iec_hs.POSSIBLE).then(1.0).when(status == iec_hs.NOT).then(0.0)
    flags = (
        pl.when(pl.col("overlap")).then(pl.lit("overlap"))
        .when(pl.col("overlap").is_null()).then(pl.lit("overlap_not_excluded")).otherwise(pl.lit(""))
    )  # fmt: skip
    row = _row(
        "iec_hs_screen", moment, value=value, low=value.fill_null(0.0), high=value.fill_null(1.0), words=status,
        flags=flags, readings=pl.format("met: {}; unknown: {}", _or_none("met"), _or_none("unknown")),
        why=pl.when(status == iec_hs.UNSAID).then(pl.format("unknown: {}", _or_none("unknown"))).otherwise(pl.lit("")),
        known_at=pl.col("known_at"),
    )  # fmt: skip
    return days.select("course_id", "day", *row)


def _or_none(name: str) -> pl.Expr:
    return pl.when(pl.col(name) == "").then(pl.lit("none")).otherwise(pl.col(name))


def _screen_courses(days: pl.DataFrame, courses: pl.DataFrame, records: Records, p: ScoreParameters) -> pl.DataFrame:
    """Of the course: possible where a day was; not only where every day of the screen says so."""
    start, last = p.iec_hs_from_day, p.iec_hs_to_day
    ends = follow_up(records, courses).select("course_id", to=pl.when("dead").then("stop_day").fill_null(last))
    counted = days.group_by("course_id").agg(
        read=pl.len(),
        possible=(pl.col("status") == iec_hs.POSSIBLE).sum(),
        not_=(pl.col("status") == iec_hs.NOT).sum(),
        first=pl.col("day").filter(pl.col("status") == iec_hs.POSSIBLE).min(),
        known_at=pl.col("known_at").filter(pl.col("status") == iec_hs.POSSIBLE).min(),
    )
    made = courses.select("course_id").join(ends, on="course_id", how="left", maintain_order="left")
    made = made.join(counted, on="course_id", how="left", maintain_order="left").with_columns(
        pl.col("read", "possible", "not_").fill_null(0),
        days=(pl.min_horizontal("to", pl.lit(last)) - start + 1).clip(lower_bound=0),
    )
    whole = (pl.col("not_") >= pl.col("days")) & (pl.col("days") > 0)
    value = pl.when(pl.col("possible") > 0).then(1.0).when(whole).then(0.0)
    words = (
        pl.when(value == 1).then(pl.format("possible IEC-HS, first on day {}", "first"))
        .when(value == 0).then(pl.lit(iec_hs.NOT)).otherwise(pl.lit(iec_hs.UNSAID))
    )  # fmt: skip
    said = pl.format("of {} days {} were read; possible on {}, not on {}", "days", "read", "possible", "not_")
    row = _row(
        "iec_hs_screen", SCREEN, value=value, low=value.fill_null(0.0), high=value.fill_null(1.0), words=words,
        why=pl.when(value.is_null()).then(pl.lit(PARTLY_READ)).otherwise(pl.lit("")), readings=said,
        known_at=pl.col("known_at"),
    )  # fmt: skip
    return made.select("course_id", *row)


# --- courses without an infusion --------------------------------------------------------------------------------------


def _without_infusion(courses: pl.DataFrame) -> pl.DataFrame:
    """Scores that are counted from the infusion, missing, with the reason: nobody disappears without a row."""
    kinds = [(score, BEFORE) for score in (*easix.ITEMS, "car_hematotox")]
    kinds += [(f"{one.score}_{when}", moment) for one in (NEUTROPHILS, PLATELETS)
              for when, moment in (("early", EARLY), ("late", LATE))]  # fmt: skip
    made = [courses.select("course_id", *_row(score, moment, why=pl.lit(NO_INFUSION))) for score, moment in kinds]
    return pl.concat([SCORES.frame(one) for one in made])
