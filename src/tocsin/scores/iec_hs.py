"""Screen for the IEC-associated HLH-like syndrome (Hines 2023; criteria Mh, the screening rule R).

It says `possible`, never a diagnosis: that needs a clinician to judge that neither CRS itself, infection nor
progression explains the signs. A rapid rise of ferritin and the paper's further signs are for that clinician, too.
"""

from __future__ import annotations

import polars as pl

from tocsin.scores.addition import names_where
from tocsin.scores.parameters import ScoreParameters

POSSIBLE, NOT, UNSAID = "possible IEC-HS", "not", "cannot be said"
READ = ("ferritin", "ast", "alt", "fibrinogen", "neutrophils", "platelets")
COMMON = ("transaminases", "fibrinogen", "cytopenia", "haemophagocytosis")
GRADE_4 = {"neutrophils": 0.5, "platelets": 25.0}
"""CTCAE v5 grade 4, 10^9/L, below; v6 moved both, and the paper was written before it."""
TIMES_FERRITIN, TIMES_TRANSAMINASE = 2, 5
CRS_FROM_GRADE = 2
_TRUE, _UNKNOWN, _FALSE = 2, 1, 0


def screen(
    readings: pl.DataFrame, people: pl.DataFrame, crs: pl.DataFrame, parameters: ScoreParameters | None = None
) -> pl.DataFrame:
    """One row a course and minute with a reading from `iec_hs_from_day` on: `status`, and why.

    `readings`: course_id, day (local, since the infusion), minute, variable (of `READ`), value in the vocabulary's
    unit. `people`: course_id, sex, and ferritin, ast, alt = the last value before minute 0 (null = unknown). `crs`:
    grade runs of one CRS scale. Columns made: status (possible, not, cannot be said), ferritin_high, one truth a
    common sign (null = unknown), met, unknown (names), overlap (an active CRS of grade 2 or more; null = cannot be
    excluded).
    """
    p = parameters or ScoreParameters()
    seen = windows(_judged(readings, people, p), p)
    seen = seen.with_columns(
        transaminases=_known("ast") | _known("alt"),
        fibrinogen=_known("fibrinogen"),
        cytopenia=_known("neutrophils") | _known("platelets"),
        haemophagocytosis=pl.lit(None if p.iec_hs_biopsy == "unknown" else False, pl.Boolean),
        ferritin_high=_known("ferritin"),
    )
    return _status(_overlap(seen, crs), p).select(
        "course_id", "minute", "status", "ferritin_high", *COMMON, "met", "unknown", "overlap"
    )


def _judged(readings: pl.DataFrame, people: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """Every reading in the screen's days with `code`: 2 the sign is met, 1 cannot be said, 0 not met."""
    within = pl.col("day").is_between(p.iec_hs_from_day, p.iec_hs_to_day)
    rows = readings.filter(pl.col("variable").is_in(READ), within, pl.col("value").is_not_null())
    joined = rows.join(people, on="course_id", how="left", maintain_order="left")
    of, value = pl.col("variable"), pl.col("value")
    held = (
        pl.when(of == "ferritin").then(_ferritin(value, p))
        .when(of == "ast").then(_transaminase(value, pl.col("ast"), p))
        .when(of == "alt").then(_transaminase(value, pl.col("alt"), p))
        .when(of == "fibrinogen").then(value < p.fibrinogen_low)
        .when(of == "neutrophils").then(value < GRADE_4["neutrophils"])
        .when(of == "platelets").then(value < GRADE_4["platelets"])
    )  # fmt: skip
    code = pl.when(held).then(_TRUE).when(~held).then(_FALSE).otherwise(_UNKNOWN)
    return joined.select("course_id", "minute", "variable", code=code.cast(pl.Int8)).sort("course_id", "minute")


def _ferritin(value: pl.Expr, p: ScoreParameters) -> pl.Expr:
    """Above twice the upper limit, which needs the sex between the two limits, or twice the value at infusion."""
    limits = {"female": p.ferritin_high_female, "male": p.ferritin_high_male}
    high = pl.col("sex").replace_strict(limits, default=None, return_dtype=pl.Float64)
    both = sorted(limits.values())
    by_limit = (
        pl.when(high.is_not_null()).then(value > TIMES_FERRITIN * high)
        .when(value > TIMES_FERRITIN * both[1]).then(True)
        .when(value <= TIMES_FERRITIN * both[0]).then(False)
    )  # fmt: skip
    return by_limit | (value > TIMES_FERRITIN * pl.col("ferritin"))


def _transaminase(value: pl.Expr, baseline: pl.Expr, p: ScoreParameters) -> pl.Expr:
    """Above five times the upper limit, or five times the baseline where that was above the limit.

    A high value without a baseline cannot be said; one below five limits is not met whatever the baseline.
    """
    limit = pl.lit(p.transaminase_high)
    own = pl.when(baseline > limit).then(baseline).when(baseline.is_not_null()).then(limit)
    return (value > TIMES_TRANSAMINASE * limit) & (value > TIMES_TRANSAMINASE * own)


def length(p: ScoreParameters) -> str:
    """The hours in which the signs must meet, as polars writes minutes."""
    return f"{round(p.iec_hs_window_h * 60)}i"


def windows(judged: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """Per course and minute the highest code of each variable in the hours up to it, both ends included."""
    wide = [pl.when(pl.col("variable") == name).then(pl.col("code")).max().alias(f"code_{name}") for name in READ]
    rolled = judged.with_columns(pl.col("minute").cast(pl.Int64)).rolling(
        "minute", period=length(p), closed="both", group_by="course_id"
    )
    made = rolled.agg(wide).unique(["course_id", "minute"], keep="first", maintain_order=True)
    return made.with_columns(pl.col("minute").cast(pl.Int32))


def _known(name: str) -> pl.Expr:
    """The code as a truth; never read, or read and not decidable, is null."""
    code = pl.col(f"code_{name}")
    return pl.when(code == _TRUE).then(True).when(code == _FALSE).then(False)


def _overlap(seen: pl.DataFrame, crs: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlap`: CRS of grade 2 or more at that minute; null where no run covers it or it cannot be excluded."""
    runs = crs.select("course_id", pl.col("from").alias("__from"), "to", "grade", "grade_at_most").sort("__from")
    found = seen.sort("minute").join_asof(
        runs, left_on="minute", right_on="__from", by="course_id", strategy="backward", check_sortedness=False
    )
    covered = pl.col("to").is_null() | (pl.col("minute") < pl.col("to"))
    active = (
        pl.when(covered & (pl.col("grade") >= CRS_FROM_GRADE)).then(True)
        .when(covered & (pl.col("grade_at_most") < CRS_FROM_GRADE)).then(False)
    )  # fmt: skip
    return found.with_columns(overlap=active).sort("course_id", "minute")


def _status(seen: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    proved = pl.sum_horizontal(pl.col(name).fill_null(False).cast(pl.Int32) for name in COMMON)
    at_most = pl.sum_horizontal(pl.col(name).fill_null(True).cast(pl.Int32) for name in COMMON)
    enough = pl.when(proved >= p.iec_hs_common).then(True).when(at_most < p.iec_hs_common).then(False)
    held = pl.col("ferritin_high") & enough
    held = held & ~pl.col("overlap") if p.iec_hs_overlap == "exclude" else held
    signs = [("ferritin", pl.col("ferritin_high")), *((name, pl.col(name)) for name in COMMON)]
    return seen.with_columns(
        status=pl.when(held).then(pl.lit(POSSIBLE)).when(~held).then(pl.lit(NOT)).otherwise(pl.lit(UNSAID)),
        met=names_where(signs),
        unknown=names_where([(name, truth.is_null()) for name, truth in signs]),
    )
